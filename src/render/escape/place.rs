//! Whether each quoted value stands where its quotes are right, now that the document is whole.

mod here;
mod shell;
mod yaml;

use std::ops::Range;

use super::line;
use super::mark::{JSON, SHELL, WIDTH, is_mark};
use crate::domain::Kind;

/// A document with quotes in the place of the marks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::render) struct Placed {
    pub(in crate::render) text: String,
    /// Where the marks were, in bytes of the text that had them.
    marks: Vec<usize>,
    /// How many bytes each has become.
    width: usize,
}

/// A value that is in the wrong place, or may not stand in this one.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::render) struct Misplaced {
    /// A byte of it in the text that has marks.
    pub(in crate::render) at: usize,
    pub(in crate::render) why: String,
}

/// What a document is to whoever reads it.
enum Form {
    Json,
    Yaml,
    Shell(shell::Lines),
    /// A script in the place of YAML.
    Words,
    /// Something that cloud-init first makes scripts or YAML of: a plain word in double quotes is the same in both.
    Mixed,
    /// Nothing is known of it.
    Any,
    /// No value is quoted.
    Bare,
}

const BESIDE: &str = "stands within a text, and comes with quotes of its own; write {{ x }} without quotes or other text \
                      around it, {{ 'text ' ~ x }} for a longer text, or in a script |sh|raw";
const QUOTED: &str = "is quoted by |sh, and stands between quotes or in a here-document already, which would undo that; \
                      put |sh outside of the quotes";
const NO_WORD: &str =
    "is no plain word, and stands in a script, which would look into its quotes; write |sh|raw";

/// Puts quotes in the place of the marks in `marked`, a document of `kind`.
pub(in crate::render) fn place(kind: Kind, marked: String) -> Result<Placed, Misplaced> {
    let form = Form::of(kind, &marked);
    let mut placed = Placed { text: marked, marks: Vec::new(), width: 1 };
    if matches!(form, Form::Bare) || !placed.text.contains(is_mark) {
        here(&form, &placed)?;
        return Ok(placed);
    }
    if matches!(form, Form::Words | Form::Mixed) {
        only_words(&placed.text)?;
    }
    let values = match form {
        Form::Words => placed.unquote(),
        _ => placed.quote(),
    };
    let wrong = match &form {
        Form::Json => json(&placed.text, &values).map(|nth| (nth, BESIDE.to_owned())),
        Form::Yaml => yaml::misplaced(&placed.text, &values)
            .map(|(nth, why)| (nth, why.unwrap_or_else(|| BESIDE.to_owned()))),
        Form::Shell(lines) => {
            shell::misplaced(&placed.text, &values, *lines).map(|nth| (nth, QUOTED.to_owned()))
        }
        Form::Words | Form::Mixed | Form::Any | Form::Bare => None,
    };
    if let Some((nth, why)) = wrong {
        return Err(Misplaced { at: placed.marks.get(2 * nth).copied().unwrap_or_default(), why });
    }
    here(&form, &placed)?;
    Ok(placed)
}

/// Sees to it that no value ends a here-document.
fn here(form: &Form, placed: &Placed) -> Result<(), Misplaced> {
    if !matches!(
        form,
        Form::Words | Form::Mixed | Form::Shell(shell::Lines::Kickstart | shell::Lines::Script)
    ) {
        return Ok(());
    }
    match here::ended_early(&placed.text) {
        None => Ok(()),
        Some((at, word)) => Err(Misplaced {
            at: placed.before(at),
            why: format!(
                "is {word}, alone on a line of a here-document that ends with this word; choose another word for its end"
            ),
        }),
    }
}

impl Form {
    fn of(kind: Kind, text: &str) -> Self {
        // What cloud-init does not take for YAML (its page "User-data formats").
        const SCRIPTS: [&str; 5] = ["#!", "#cloud-boothook", "#include", "#part-handler", "#upstart-job"];
        const MIXED: [&str; 4] = ["Content-Type:", "MIME-Version:", "From ", "## template:"];
        let is_one_of = |marks: &[&str]| marks.iter().any(|mark| text.starts_with(mark));
        match kind {
            Kind::Ignition => Self::Json,
            Kind::UserData | Kind::VendorData if is_one_of(&SCRIPTS) => Self::Words,
            Kind::UserData | Kind::VendorData if is_one_of(&MIXED) => Self::Mixed,
            Kind::UserData | Kind::VendorData | Kind::MetaData | Kind::NetworkConfig | Kind::Autoinstall => {
                Self::Yaml
            }
            Kind::Kickstart => Self::Shell(shell::Lines::Kickstart),
            Kind::Grub => Self::Shell(shell::Lines::Script),
            Kind::Preseed => Self::Shell(shell::Lines::Preseed),
            Kind::Text if text.starts_with("#!") => Self::Shell(shell::Lines::Script),
            Kind::Text => Self::Any,
            Kind::Ipxe => Self::Bare,
        }
    }
}

impl Placed {
    /// The byte of the document that the byte `at` of the text with marks has become.
    pub(in crate::render) fn after(&self, at: usize) -> usize {
        let before = self.marks.partition_point(|mark| *mark < at);
        at - before * (WIDTH - self.width)
    }

    /// The byte of the text with marks that has become the byte `at` of the document.
    fn before(&self, at: usize) -> usize {
        let shrunk = WIDTH - self.width;
        let mut nth = 0;
        while self.marks.get(nth).is_some_and(|mark| mark - nth * shrunk <= at) {
            nth += 1;
        }
        at + nth * shrunk
    }

    /// Makes quotes of the marks; gives the places of the values with their quotes.
    fn quote(&mut self) -> Vec<Range<usize>> {
        self.replace(|c| if c == JSON.0 || c == JSON.1 { "\"" } else { "'" })
    }

    /// Removes the marks.
    fn unquote(&mut self) -> Vec<Range<usize>> {
        self.width = 0;
        self.replace(|_| "")
    }

    fn replace(&mut self, by: impl Fn(char) -> &'static str) -> Vec<Range<usize>> {
        let marked = std::mem::take(&mut self.text);
        let mut text = String::with_capacity(marked.len());
        let mut values = Vec::new();
        let mut rest = 0;
        for (at, mark) in marked.match_indices(is_mark) {
            text.push_str(&marked[rest..at]);
            rest = at + WIDTH;
            let c = mark.chars().next().unwrap_or_default();
            let start = text.len();
            text.push_str(by(c));
            match c == JSON.0 || c == SHELL.0 {
                true => values.push(start..start),
                false => values.iter_mut().next_back().into_iter().for_each(|value| value.end = text.len()),
            }
            self.marks.push(at);
        }
        text.push_str(&marked[rest..]);
        self.text = text;
        values
    }
}

/// Refuses values that are no plain words.
fn only_words(marked: &str) -> Result<(), Misplaced> {
    for (at, _) in marked.match_indices([JSON.0, SHELL.0]) {
        let inner = &marked[at + WIDTH..];
        let inner = inner.find(is_mark).map_or(inner, |end| &inner[..end]);
        if !line::is_word(inner) {
            return Err(Misplaced { at, why: NO_WORD.to_owned() });
        }
    }
    Ok(())
}

/// The first value that stands between the quotes of a string of the template's.
fn json(text: &str, values: &[Range<usize>]) -> Option<usize> {
    let mut inside = false;
    let mut at = 0;
    for (nth, value) in values.iter().enumerate() {
        let mut bytes = text.get(at..value.start).unwrap_or_default().bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' => inside = !inside,
                b'\\' if inside => drop(bytes.next()),
                _ => {}
            }
        }
        if inside {
            return Some(nth);
        }
        at = value.end;
    }
    None
}
