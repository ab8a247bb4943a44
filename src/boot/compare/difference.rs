//! Two texts, line by line.

use std::fmt::Write;

use similar::TextDiff;

/// A unified diff without a head, with so many lines of context. Line numbers are left out where there is no context, so
/// that the same change at different places is the same text.
pub(super) fn difference(before: &str, after: &str, context: usize) -> String {
    let diff = TextDiff::from_lines(before, after);
    if context > 0 {
        return diff.unified_diff().context_radius(context).missing_newline_hint(false).to_string();
    }
    let mut text = String::new();
    for change in diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal) {
        // Writing to a string does not fail.
        let _ = write!(text, "{}{}", change.tag(), change.value());
    }
    text
}
