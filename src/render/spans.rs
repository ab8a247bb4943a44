//! Which line of which template made which bytes of a document.

use std::ops::Range;

use minijinja::{OutputSpan, OutputSpanKind};

use super::escape::place::Placed;

/// A map from the bytes of a document to the templates that made them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(Vec<Span>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    output: Range<usize>,
    template: String,
    line: usize,
    /// Whether a value was printed, as opposed to text that stands in the template.
    value: bool,
    /// Where the line ends in the output are, if the text stands as it is in the template.
    breaks: Vec<usize>,
}

impl Spans {
    /// The spans are those of the text that `document` was made of.
    pub(super) fn new(document: &Placed, spans: &[OutputSpan]) -> Self {
        let output = &document.text;
        let span = |span: &OutputSpan| {
            let range = span.output_range();
            let range = document.after(range.start)..document.after(range.end);
            let value = !matches!(span.kind(), OutputSpanKind::Raw);
            let breaks = match value {
                false => output[range.clone()].match_indices('\n').map(|(at, _)| range.start + at).collect(),
                true => Vec::new(),
            };
            Span { output: range, template: span.name().to_owned(), line: span.line(), value, breaks }
        };
        Self(spans.iter().map(span).collect())
    }

    /// The name of the template that made this byte, and the line there, from 1.
    pub fn at(&self, byte: usize) -> Option<(&str, usize)> {
        let span = self.span(byte)?;
        let further = span.breaks.partition_point(|at| *at < byte);
        Some((&span.template, span.line + further))
    }

    /// Whether this byte is of a value that the template prints.
    pub fn is_value(&self, byte: usize) -> bool {
        self.span(byte).is_some_and(|span| span.value)
    }

    fn span(&self, byte: usize) -> Option<&Span> {
        let after = self.0.partition_point(|span| span.output.start <= byte);
        // What points behind the document comes from its end.
        self.0.get(after.checked_sub(1)?)
    }
}
