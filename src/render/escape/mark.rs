//! Invisible marks at both ends of a quoted value, until the document is whole.
//!
//! A value is quoted when it is printed, but where it stands can be seen only in the finished document: between quotes of
//! the template's, say, where its own would end them. So the quotes of a value are written as characters that no text
//! has (Unicode's noncharacters, section 23.7), and [`super::place`] makes quotes of them once it has seen to it that
//! each value is a whole one.

use std::borrow::Cow;

/// The double quotes of a JSON string.
pub(super) const JSON: (char, char) = ('\u{fdd0}', '\u{fdd1}');

/// The single quotes of a shell word.
pub(super) const SHELL: (char, char) = ('\u{fdd2}', '\u{fdd3}');

/// The bytes of a mark.
pub(super) const WIDTH: usize = 3;

/// Whether `c` is one of them.
pub(in crate::render) fn is_mark(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdd3}')
}

/// `text` with the quotes that its marks stand for.
pub(in crate::render) fn unmarked(text: &str) -> Cow<'_, str> {
    if !text.contains(is_mark) {
        return text.into();
    }
    let quote = |c| match c {
        '\u{fdd0}' | '\u{fdd1}' => '"',
        '\u{fdd2}' | '\u{fdd3}' => '\'',
        c => c,
    };
    text.chars().map(quote).collect::<String>().into()
}
