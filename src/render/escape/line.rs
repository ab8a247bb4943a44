//! What may stand in the line-based kinds: shell-like scripts, preseed answers, plain text.

use super::mark::{self, is_mark};

/// Characters that no shell, GRUB or Anaconda gives a meaning to.
pub(in crate::render) fn shell_word(text: &str) -> Result<(), String> {
    match text.chars().find(|&c| !is_plain(c)) {
        None => Ok(()),
        Some(c) => Err(format!(
            "contains {c:?}, which may mean something here; use |sh to quote it, or |text for the rest of a preseed line"
        )),
    }
}

/// What a word of a script must not begin with: an option would be one that the template does not have, and in a kickstart
/// document a line that begins with `%` ends the section.
pub(in crate::render) fn shell_start(text: &str) -> Result<(), String> {
    match text.strip_prefix('-') {
        Some(rest) if !rest.starts_with(|c: char| c.is_ascii_digit()) => {
            Err("begins with -, which could be taken as an option; if that is meant, use |sh".to_owned())
        }
        _ if text.starts_with('%') => {
            Err("begins with %, which begins or ends a section; use |sh to quote it".to_owned())
        }
        _ => Ok(()),
    }
}

/// The same word for a POSIX shell (XCU 2.2.2): between single quotes, unless it needs none. The quotes at both ends are
/// [marks](mark).
pub(in crate::render) fn quote(text: &str) -> String {
    match is_word(text) && !text.starts_with('%') {
        true => text.to_owned(),
        false => format!("{}{}{}", mark::SHELL.0, text.replace('\'', "'\\''"), mark::SHELL.1),
    }
}

/// Whether a shell takes `text` for one word as it is.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_plain)
}

/// Text without control characters; in `text` documents lines and tabs may be part of it.
pub(in crate::render) fn no_controls(text: &str) -> Result<(), String> {
    match text.chars().find(|&c| is_mark(c) || (c.is_control() && c != '\n' && c != '\t')) {
        None => Ok(()),
        Some(c) => Err(format!("contains {c:?}, which is no character that can be printed")),
    }
}

/// One line of free text. debconf reads a preseed line to its end, and takes `\` before it as a continuation.
pub(in crate::render) fn one_line(text: &str) -> Result<(), String> {
    if let Some(c) = text.chars().find(|c| c.is_control() || is_mark(*c)) {
        return Err(format!("contains the control character {c:?}, and only one line may stand here"));
    }
    if text.trim() != text {
        return Err("begins or ends with a space; use |trim".to_owned());
    }
    if text.ends_with('\\') {
        return Err("ends with \\, which would join the next line to this one".to_owned());
    }
    Ok(())
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '@' | '%' | '+' | '=' | ':' | ',' | '.' | '/' | '-')
}
