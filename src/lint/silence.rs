//! Findings that somebody looked at and wants to keep: `# lint: allow IPX030 because the outer script handles it`.
//!
//! The comment stands at the end of the line that is meant, or on a line of its own before it. It names codes, separated by
//! commas or spaces, and a reason. A silence that silences nothing is a finding itself, so that none outlives its cause.

use std::ops::Range;

use super::finding::{Finding, Lines};
use super::rule::rules;

rules! {
UNUSED = "LNT001" Info, "unused silence",
    "The line that the comment is about has no such finding (any more).",
    "Remove the comment, or the code that is not needed.";
NO_REASON = "LNT002" Warning, "a silence without a reason",
    "Whoever reads it next has to know why the finding does not matter. Without a reason it silences nothing.",
    "Write `# lint: allow CODE because REASON`.";
UNKNOWN_CODE = "LNT003" Warning, "a silence for no finding",
    "The linter has no finding of this code.",
    "Correct the code; `pxe-init-client lint explain` lists them.";
}

/// One comment that silences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Silence {
    /// The bytes of the comment.
    pub(super) range: Range<usize>,
    /// The lines that it is about.
    lines: Range<usize>,
    /// Its codes, each with whether it silenced something.
    pub(super) codes: Vec<(String, bool)>,
    has_reason: bool,
}

/// In which comments to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comments {
    /// Those of the document: `#`.
    Document,
    /// Those of a template: `{#`.
    Template,
}

const MARK: &str = "lint: allow";

/// Every silence of a text.
pub(super) fn find(text: &str, lines: &Lines, comments: Comments) -> Vec<Silence> {
    let mut found: Vec<Silence> = Vec::new();
    // Silences above one another are about the same line; to look for it once is enough.
    let mut run = 0..0;
    for (at, _) in text.match_indices(MARK) {
        let number = lines.number(at);
        if !run.contains(&number) {
            run = number..next(text, lines, number);
        }
        found.extend(read(text, lines, comments, at, run.end));
    }
    found
}

fn read(text: &str, lines: &Lines, comments: Comments, at: usize, next: usize) -> Option<Silence> {
    let number = lines.number(at);
    let line = lines.range(text, number);
    let before = text[line.start..at].trim_end().trim_end_matches('-').trim_end();
    let (lead, end) = match comments {
        Comments::Template => (before.strip_suffix("{#")?, "#}"),
        Comments::Document => (before.strip_suffix('#')?, "\n"),
    };
    if comments == Comments::Document && !(lead.is_empty() || lead.ends_with([' ', '\t'])) {
        return None;
    }
    let said = text[at + MARK.len()..].split(end).next().unwrap_or_default();
    let said = said.trim_end().trim_end_matches('-').trim_end();
    let (codes, reason) = said.split_once("because").unwrap_or((said, ""));
    let codes = codes.split([',', ' ', '\t']).filter(|code| !code.is_empty());
    let alone = lead.trim().is_empty();
    let first = if alone { next } else { number };
    Some(Silence {
        range: at - (text[line.start..at].len() - lead.len())..at + MARK.len() + said.len(),
        lines: first..last(text, lines, first) + 1,
        codes: codes.map(|code| (code.to_owned(), false)).collect(),
        has_reason: !reason.trim().is_empty(),
    })
}

/// The line after `number` that is no comment.
fn next(text: &str, lines: &Lines, number: usize) -> usize {
    let mut next = number + 1;
    while text[lines.range(text, next)].trim_start().starts_with(['#', '{'])
        && text[lines.range(text, next)].contains('#')
        && !lines.range(text, next).is_empty()
    {
        next += 1;
    }
    next
}

/// The last of the lines that a `\` joins.
fn last(text: &str, lines: &Lines, number: usize) -> usize {
    let mut last = number;
    while text[lines.range(text, last)].trim_end_matches(['\r', '\n']).ends_with('\\') {
        last += 1;
    }
    last
}

impl Silence {
    /// Whether it silences a finding of this code on this line; remembers that it did.
    pub(super) fn takes(&mut self, code: &str, line: usize) -> bool {
        if !self.has_reason || !self.lines.contains(&line) {
            return false;
        }
        let mut taken = false;
        for (_, used) in self.codes.iter_mut().filter(|(known, _)| known == code) {
            *used = true;
            taken = true;
        }
        taken
    }

    /// Nobody asked for URLs, so that what it says about them can be of use all the same.
    pub(super) fn excuse(&mut self) {
        for (code, used) in &mut self.codes {
            *used |= super::asset::RULES.iter().any(|rule| rule.code == code);
        }
    }

    /// What is wrong with it.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let range = || self.range.clone();
        if !self.has_reason {
            return vec![Finding::new(&NO_REASON, range(), "the silence gives no reason")];
        }
        let mut found = Vec::new();
        for (code, used) in &self.codes {
            if super::rule(code).is_none() {
                found.push(Finding::new(&UNKNOWN_CODE, range(), format!("there is no finding {code:?}")));
            } else if !used {
                found.push(Finding::new(&UNUSED, range(), format!("the line has no finding {code}")));
            }
        }
        if self.codes.is_empty() {
            found.push(Finding::new(&UNKNOWN_CODE, range(), "the silence names no code"));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silences(text: &str, comments: Comments) -> Vec<(Range<usize>, Vec<String>, bool)> {
        let found = find(text, &Lines::of(text), comments);
        found
            .into_iter()
            .map(|one| (one.lines, one.codes.into_iter().map(|(code, _)| code).collect(), one.has_reason))
            .collect()
    }

    #[test]
    fn says_which_lines_it_is_about() {
        let one = |lines, reason| vec![(lines, vec!["IPX030".to_owned()], reason)];
        let read = |text| silences(text, Comments::Document);
        assert_eq!(read("a # lint: allow IPX030 because x\nb"), one(1..2, true));
        assert_eq!(read("  # lint: allow IPX030 because x\n# more\na \\\nb\nc"), one(3..5, true));
        assert_eq!(read("#lint: allow IPX030\na"), one(2..3, false));
        assert_eq!(read("# lint: allow IPX030 because \na"), one(2..3, false));
        assert_eq!(read("a# lint: allow IPX030 because x"), []);
        assert_eq!(read("echo lint: allow IPX030 because x"), []);
        let template = "{#- lint: allow IGN001 IGN002, IGN003 because x -#}\n{";
        let codes = ["IGN001", "IGN002", "IGN003"].map(str::to_owned).to_vec();
        assert_eq!(silences(template, Comments::Template), [(2..3, codes, true)]);
    }
}
