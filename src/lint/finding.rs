//! What the linter found, and where.

use std::ops::Range;

use super::rule::{Rule, Severity};
use crate::render::Spans;

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub rule: &'static Rule,
    /// What is wrong, in one sentence that names the culprit.
    pub message: String,
    /// How to mend this one; where it is empty, the rule's own fix is all there is to say.
    pub help: String,
    /// The bytes of the document that are meant.
    pub range: Range<usize>,
    /// Where that is.
    pub place: Place,
    /// Where it comes from, if a template made the document.
    pub origin: Option<Origin>,
    /// The first sample machine with which a template makes it, if samples were tried.
    pub sample: Option<&'static str>,
}

/// A place in a document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// How many characters are meant, at least 1, all on this line.
    pub width: usize,
    /// The text of the line, without its end.
    pub text: String,
}

/// A place in the source of a template.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// The name of the template.
    pub template: String,
    /// Its line, from 1.
    pub line: usize,
}

impl Finding {
    /// A finding about these bytes. It learns its place when the linter is done.
    pub(super) fn new(rule: &'static Rule, range: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            rule,
            message: message.into(),
            help: String::new(),
            range,
            place: Place::default(),
            origin: None,
            sample: None,
        }
    }

    /// The same with advice of its own.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: help.into(), ..self }
    }

    /// Its code.
    pub fn code(&self) -> &'static str {
        self.rule.code
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.rule.severity
    }

    /// What to do about it.
    pub fn advice(&self) -> &str {
        if self.help.is_empty() { self.rule.fix } else { &self.help }
    }

    /// Says where in `document` it is.
    pub(super) fn locate(&mut self, document: &str, lines: &Lines, spans: Option<&Spans>) {
        self.place = lines.place(document, &self.range);
        let at = spans.and_then(|spans| spans.at(self.range.start));
        self.origin = at.map(|(template, line)| Origin { template: template.to_owned(), line });
    }
}

/// Where the lines of a document begin.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(document: &str) -> Self {
        let next = document.match_indices('\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(next).collect())
    }

    /// The number of the line that has this byte, from 1.
    pub(super) fn number(&self, at: usize) -> usize {
        self.0.partition_point(|start| *start <= at)
    }

    /// The bytes of a line, with its end. A line that does not exist is empty.
    pub(super) fn range(&self, document: &str, number: usize) -> Range<usize> {
        let start = self.0.get(number.wrapping_sub(1)).copied().unwrap_or(document.len());
        start..self.0.get(number).copied().unwrap_or(document.len())
    }

    fn place(&self, document: &str, range: &Range<usize>) -> Place {
        let start = floor(document, range.start);
        let number = self.number(start);
        let line = self.range(document, number);
        let text = document[line.clone()].trim_end_matches(['\n', '\r']);
        let end = floor(document, range.end).clamp(start, (line.start + text.len()).max(start));
        Place {
            line: number,
            column: document[line.start..start].chars().count() + 1,
            width: document[start..end].chars().count().max(1),
            text: text.to_owned(),
        }
    }
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}
