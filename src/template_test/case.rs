//! Test files: what they say, and what is wrong with them.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::boot::Outcome;
use crate::domain::{Attribute, Facts, Kind, Name};
use crate::manifest::{self, Entry, Place, Problem};
use crate::render::sample::{self, Sample};

/// One test file.
#[derive(Debug)]
pub(super) struct TestFile {
    pub(super) path: PathBuf,
    /// Its name without its endings, which names the directory of its snapshots.
    pub(super) stem: String,
    pub(super) cases: Vec<Entry<Case>>,
    /// The directory of each case's snapshots.
    pub(super) directories: Vec<String>,
}

/// A question of a machine, and what it should be answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// What it is called.
    pub(super) case: String,
    /// A machine of the manifests.
    #[serde(default)]
    pub(super) machine: Option<Name>,
    /// What the request says, over what is known of the machine or persona.
    #[serde(default)]
    facts: BTreeMap<Attribute, String>,
    /// A sample machine, for its facts.
    #[serde(default)]
    persona: Option<String>,
    /// An image in the place of what would be booted.
    #[serde(default)]
    pub(super) image: Option<Name>,
    /// A template in the place of the one that would be chosen.
    #[serde(default)]
    pub(super) template: Option<Name>,
    /// What is asked for; everything that something was said about if it is empty.
    #[serde(default)]
    pub(super) kinds: Vec<Kind>,
    #[serde(default)]
    pub(super) expect: Expect,
}

/// What should come of a case.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) outcome: Outcome,
    pub(super) image: Option<Name>,
    pub(super) rule: Option<Name>,
    /// Whether the machine's own binding decides.
    pub(super) binding: Option<bool>,
    /// Texts of which each is in a document.
    pub(super) contains: Vec<String>,
    /// Texts that are in no document.
    pub(super) lacks: Vec<String>,
    /// A text in the reason why there is no document.
    pub(super) problem: Option<String>,
}

/// The longest name of a directory, in bytes; file systems take 255.
const MAX_DIRECTORY: usize = 200;

/// The cases of a test file.
pub(super) fn read(path: &Path) -> Result<TestFile, Vec<Problem>> {
    let whole = |what: String| Problem { place: Place::of_file(path), what };
    let text = manifest::read_text(path).map_err(|why| vec![whole(why)])?;
    let cases: Vec<Entry<Case>> = manifest::parse_entries(&text, path, "case")?;
    let mut problems: Vec<_> = cases.iter().flat_map(mistakes).collect();
    if cases.is_empty() {
        problems.push(whole("has no case".to_owned()));
    }
    let directories: Vec<_> = cases.iter().map(|case| directory(&case.value.case)).collect();
    let mut first = HashMap::new();
    for (case, directory) in cases.iter().zip(&directories) {
        let (name, place) = (&case.value.case, case.place_of("case"));
        let mut problem = |what: String| problems.push(Problem { place: place.clone(), what });
        if directory.is_empty() {
            problem(format!("case {name:?} has no letter or digit, and its snapshots need a name"));
        } else if directory.len() > MAX_DIRECTORY {
            problem(format!("case {name:?} has too long a name for a directory; shorten it"));
        } else if let Some((other, at)) = first.insert(directory.to_lowercase(), (name, place.clone())) {
            problem(match other == name {
                true => format!("case {name:?} is there twice; the other one is at {at}"),
                false => format!(
                    "case {name:?} would have its snapshots where case {other:?} at {at} has them; name one of them otherwise"
                ),
            });
        }
    }
    match problems.is_empty() {
        true => Ok(TestFile { path: path.to_owned(), stem: stem(path), cases, directories }),
        false => Err(problems),
    }
}

/// Test files whose snapshots would lie in one directory.
pub(super) fn clashes(files: &[TestFile]) -> Vec<Problem> {
    let mut first: HashMap<_, &Path> = HashMap::new();
    let mut found = Vec::new();
    for TestFile { path, stem, .. } in files {
        if let Some(other) = first.insert((path.parent(), stem.to_lowercase()), path) {
            let what =
                format!("its snapshots would lie where those of {} do; rename one of them", other.display());
            found.push(Problem { place: Place::of_file(path), what });
        }
    }
    found
}

/// What is wrong with a case by itself.
fn mistakes(case: &Entry<Case>) -> Vec<Problem> {
    let Case { case: name, machine, facts, persona, template, kinds, expect, .. } = &case.value;
    let mut found = Vec::new();
    let mut wrong = |field: &str, what: String| {
        found.push(Problem { place: case.place_of(field), what: format!("case {name:?}: {field}: {what}") });
    };
    for (attribute, value) in facts {
        if let Err(e) = Facts::default().set(*attribute, value) {
            wrong(&format!("facts.{attribute}"), e.to_string());
        }
    }
    if let Some(persona) = persona {
        let known: Vec<_> = sample::all().iter().map(|sample| sample.name).collect();
        if machine.is_some() {
            wrong("persona", "a case has a machine or a persona; leave one of them out".to_owned());
        } else if !known.contains(&persona.as_str()) {
            wrong("persona", format!("{persona:?} is none; use one of {}", known.join(", ")));
        }
    }
    if template.is_some() && !kinds.is_empty() {
        wrong("kinds", "a template has its own kind; leave kinds: out".to_owned());
    }
    if expect.has_documents() && expect.problem.is_some() {
        let outcome = expect.outcome.as_str();
        wrong(
            "expect.problem",
            format!("there is none with outcome {outcome}; say which outcome is expected, such as failed"),
        );
    }
    let about_documents = [("expect.contains", &expect.contains), ("expect.lacks", &expect.lacks)];
    let about_documents = about_documents.into_iter().find(|(_, texts)| !texts.is_empty());
    if let Some((field, _)) = about_documents.filter(|_| !expect.has_documents()) {
        let outcome = expect.outcome.as_str();
        wrong(field, format!("there is no document with outcome {outcome}; problem: is about its reason"));
    }
    if expect.binding == Some(true) && expect.rule.is_some() {
        wrong("expect.binding", "a binding decides, or a rule does; leave one of them out".to_owned());
    }
    for (field, texts) in [("contains", &expect.contains), ("lacks", &expect.lacks)] {
        for (i, _) in texts.iter().enumerate().filter(|(_, text)| text.is_empty()) {
            wrong(&format!("expect.{field}[{i}]"), "every document contains the empty text".to_owned());
        }
    }
    found
}

/// The name of a file without its endings.
fn stem(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.rsplit_once(".test.").map(|(stem, _)| stem.to_owned()).unwrap_or(name)
}

/// A name for a directory that reads like the case: what is not a letter, a digit or one of `._` becomes a single `-`.
fn directory(case: &str) -> String {
    let mut name = String::new();
    for c in case.chars() {
        match c.is_alphanumeric() || matches!(c, '.' | '_') {
            true => name.push(c),
            false if name.ends_with('-') => {}
            false => name.push('-'),
        }
    }
    // One that begins with a dot would be hidden, and be left out.
    name.trim_matches(['-', '.']).to_owned()
}

impl Case {
    /// What the request says, where this much is known of the machine.
    pub(super) fn facts(&self, machine: Option<Facts>) -> Facts {
        let mut facts =
            machine.or_else(|| Some((*self.persona()?.context.facts).clone())).unwrap_or_default();
        for (attribute, value) in &self.facts {
            // Each was tried when it was read.
            let _ = facts.set(*attribute, value);
        }
        facts
    }

    fn persona(&self) -> Option<&'static Sample> {
        sample::all().iter().find(|sample| Some(sample.name) == self.persona.as_deref())
    }
}

impl Expect {
    /// Whether the machine should get a document of its own, or the one that holds it.
    pub(super) fn has_documents(&self) -> bool {
        matches!(self.outcome, Outcome::Rendered | Outcome::Held)
    }
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            outcome: Outcome::Rendered,
            image: None,
            rule: None,
            binding: None,
            contains: Vec::new(),
            lacks: Vec::new(),
            problem: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_have_directories_that_read_like_them() {
        for (case, wanted) in [
            ("web-1 boots coreos", "web-1-boots-coreos"),
            ("../../etc/passwd", "etc-passwd"),
            ("arm64: PowerEdge (R640)", "arm64-PowerEdge-R640"),
            (".hidden", "hidden"),
            ("Größe 大", "Größe-大"),
            ("a\nb", "a-b"),
            ("..", ""),
            ("- / -", ""),
        ] {
            assert_eq!(directory(case), wanted, "{case:?}");
        }
    }
}
