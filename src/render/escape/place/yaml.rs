//! YAML: a value must be a scalar of its own.

use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};

/// The first of `values` that is no whole scalar, and why if that is known.
pub(super) fn misplaced(text: &str, values: &[Range<usize>]) -> Option<(usize, Option<String>)> {
    let mut next = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(e) => {
                let at = e.marker().byte_offset().unwrap_or(text.len());
                // What broke it is most likely what was read last.
                let nth = values.partition_point(|value| value.start <= at).saturating_sub(1);
                return Some((nth.max(next.min(values.len().saturating_sub(1))), Some(broken(&e.info()))));
            }
        };
        let Event::Scalar(_, style, ..) = event else { continue };
        let Some(range) = span.byte_range() else { continue };
        while let Some(value) = values.get(next).filter(|value| value.start < range.end) {
            let whole = style == ScalarStyle::DoubleQuoted && *value == range;
            let commented = value.end <= range.start && is_comment(text, value.start);
            if !whole && !commented {
                return Some((next, None));
            }
            next += 1;
        }
    }
    (next..values.len()).find(|nth| !is_comment(text, values[*nth].start)).map(|nth| (nth, None))
}

fn broken(why: &str) -> String {
    format!(
        "may be what makes the document no YAML ({why}); values come with their quotes: write {{{{ x }}}}, not \"{{{{ x }}}}\""
    )
}

/// Whether a comment begins before the byte `at` in its line. It is outside of every scalar.
fn is_comment(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let line = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
    line.starts_with('#') || line.contains(" #") || line.contains("\t#")
}
