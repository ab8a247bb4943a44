//! Takes a script apart as iPXE does (<https://ipxe.org/scripting>).
//!
//! A `\` at the end of a line joins the next one to it. A line may begin with a `:label`. The rest is words between white
//! space; there is no quoting. The words `||`, `&&` and `;` separate commands, and a word that begins with `#` ends the
//! line. `${…}` is expanded after that, so a value is never more than one word.

use std::ops::Range;

/// A script.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    /// Its lines, joined.
    pub(super) lines: Vec<Line>,
}

/// A line, with those that a `\` joins to it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Its bytes, without the last line end.
    pub(super) range: Range<usize>,
    /// The label, without its colon.
    pub(super) label: Option<Word>,
    /// The commands. There is at least one; one without words does nothing, successfully.
    pub(super) commands: Vec<Command>,
    /// Where its comment begins.
    pub(super) comment: Option<usize>,
    /// Where the joined lines begin.
    pub(super) joins: Vec<usize>,
    /// Whether it ends in a `\` that nothing follows.
    pub(super) open: bool,
}

/// One command of a line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Command {
    /// What has to happen before it.
    pub(super) when: When,
    /// Its name and arguments.
    pub(super) words: Vec<Word>,
}

/// When a command is carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum When {
    /// Always: it is the first, or comes after `;`.
    #[default]
    Always,
    /// After `&&`.
    Succeeded,
    /// After `||`.
    Failed,
}

/// What stands between white space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// Its text.
    pub(super) text: String,
    /// Its bytes; more than the text has where it goes on in the next line.
    pub(super) range: Range<usize>,
}

impl Script {
    /// Takes `text` apart. Every text is a script; what is wrong with it is for others to say.
    pub(super) fn parse(text: &str) -> Self {
        let mut lines = Vec::new();
        // What stands before the script is a finding of its own.
        let mut start = text.len() - text.trim_start_matches('\u{feff}').len();
        while start < text.len() {
            let (line, next) = Line::parse(text, start);
            lines.push(line);
            start = next;
        }
        Self { lines }
    }
}

impl Command {
    /// The name of the command, or nothing.
    pub(super) fn name(&self) -> &str {
        self.words.first().map(|word| word.text.as_str()).unwrap_or_default()
    }

    /// The bytes from its first word to its last.
    pub(super) fn range(&self) -> Range<usize> {
        match (self.words.first(), self.words.last()) {
            (Some(first), Some(last)) => first.range.start..last.range.end,
            _ => 0..0,
        }
    }
}

impl Word {
    /// Whether it has a `${…}`, so that only iPXE knows what it says.
    pub(super) fn expands(&self) -> bool {
        self.text.find("${").is_some_and(|at| self.text[at..].contains('}'))
    }

    /// The bytes of a part of its text.
    pub(super) fn part(&self, part: Range<usize>) -> Range<usize> {
        if self.range.len() == self.text.len() {
            self.range.start + part.start..self.range.start + part.end
        } else {
            self.range.clone()
        }
    }
}

/// What iPXE's C library takes for white space.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

impl Line {
    /// The line that begins at `start`, and where the next one does.
    fn parse(text: &str, start: usize) -> (Self, usize) {
        let mut line = Self::default();
        let mut chars: Vec<(usize, char)> = Vec::new();
        let mut from = start;
        let (end, next) = loop {
            let eol = text[from..].find('\n').map(|at| from + at);
            let mut end = eol.unwrap_or(text.len());
            let next = eol.map_or(text.len(), |at| at + 1);
            if text[from..end].ends_with('\r') {
                end -= 1;
            }
            let joined = text[from..end].ends_with('\\');
            let content = if joined { end - 1 } else { end };
            // A NUL ends a line, for those who wrote it in C.
            chars.extend(text[from..content].char_indices().map(|(at, c)| (from + at, c)));
            if !joined {
                break (end, next);
            }
            if next >= text.len() {
                line.open = true;
                break (end, next);
            }
            line.joins.push(next);
            from = next;
        };
        if let Some(nul) = chars.iter().position(|(_, c)| *c == '\0') {
            chars.truncate(nul);
        }
        line.range = start..end;
        line.read(words(&chars));
        (line, next)
    }

    fn read(&mut self, words: Vec<Word>) {
        let mut command = Command::default();
        for (i, mut word) in words.into_iter().enumerate() {
            if i == 0 && word.text.starts_with(':') {
                word.text.remove(0);
                self.label = Some(word);
                continue;
            }
            let when = match word.text.as_str() {
                "||" => When::Failed,
                "&&" => When::Succeeded,
                ";" => When::Always,
                text if text.starts_with('#') => {
                    self.comment = Some(word.range.start);
                    break;
                }
                _ => {
                    command.words.push(word);
                    continue;
                }
            };
            let next = Command { when, words: Vec::new() };
            self.commands.push(std::mem::replace(&mut command, next));
        }
        self.commands.push(command);
    }
}

fn words(chars: &[(usize, char)]) -> Vec<Word> {
    let mut words = Vec::new();
    for run in chars.split(|(_, c)| is_space(*c)) {
        if let (Some((first, _)), Some((last, c))) = (run.first(), run.last()) {
            let text = run.iter().map(|(_, c)| *c).collect();
            words.push(Word { text, range: *first..last + c.len_utf8() });
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(text: &str) -> Vec<String> {
        let script = Script::parse(text);
        script
            .lines
            .iter()
            .flat_map(|line| &line.commands)
            .filter(|c| !c.words.is_empty())
            .map(|c| c.words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn splits_as_ipxe_does() {
        assert_eq!(commands("#!ipxe\necho  a\t b # c\n"), ["echo a b"]);
        assert_eq!(commands("a || b && c ; d"), ["a", "b", "c", "d"]);
        assert_eq!(commands("a;b ||c d&& e#f"), ["a;b ||c d&& e#f"], "operators stand alone");
        assert_eq!(commands("kernel x \\\n  y\\\nz\r\necho"), ["kernel x yz", "echo"]);
        assert_eq!(commands("echo \"a b\" 'c'"), ["echo \"a b\" 'c'"]);
        assert_eq!(commands("echo a\0b c"), ["echo a"]);
        assert_eq!(commands("# a \\\necho b\necho c"), ["echo c"], "a comment goes on as well");
    }

    #[test]
    fn finds_labels_joins_and_places() {
        let text = "  :retry sleep 5\nkernel a\\\nb\n:";
        let script = Script::parse(text);
        let label = script.lines[0].label.as_ref().unwrap();
        assert_eq!((label.text.as_str(), label.range.clone()), ("retry", 2..8));
        assert_eq!(script.lines[0].commands[0].name(), "sleep");
        let word = &script.lines[1].commands[0].words[1];
        assert_eq!((word.text.as_str(), &text[word.range.clone()]), ("ab", "a\\\nb"));
        assert_eq!(script.lines[1].joins, [27]);
        assert_eq!(script.lines[2].label.as_ref().unwrap().text, "");
        assert!(Script::parse("echo \\").lines[0].open);
    }
}
