//! What may stand in the line-based kinds: shell-like scripts, preseed answers, plain text.

/// Characters that no shell, GRUB or Anaconda gives a meaning to.
pub(in crate::render) fn shell_word(text: &str) -> Result<(), String> {
    match text.chars().find(|&c| !is_plain(c)) {
        None => Ok(()),
        Some(c) => Err(format!(
            "contains {c:?}, which may mean something here; use |sh to quote it, or |text for the rest of a preseed line"
        )),
    }
}

/// The same word for a POSIX shell (XCU 2.2.2): between single quotes, unless it needs none.
pub(in crate::render) fn quote(text: &str) -> String {
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// Text without control characters; in `text` documents lines and tabs may be part of it.
pub(in crate::render) fn no_controls(text: &str) -> Result<(), String> {
    match text.chars().find(|&c| c.is_control() && c != '\n' && c != '\t') {
        None => Ok(()),
        Some(c) => Err(format!("contains the control character {c:?}")),
    }
}

/// One line of free text. debconf reads a preseed line to its end, and takes `\` before it as a continuation.
pub(in crate::render) fn one_line(text: &str) -> Result<(), String> {
    if let Some(c) = text.chars().find(|c| c.is_control()) {
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
