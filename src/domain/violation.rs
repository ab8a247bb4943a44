//! What is wrong with one field of something an operator gave us.

use std::fmt;

/// The longest template source, in bytes.
pub const MAX_SOURCE_BYTES: usize = 1 << 20;

/// One field that breaks a rule, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The field in the notation of the API, such as `macs[0]` or `params.console`.
    pub field: String,
    /// What is wrong with which value, and what to write instead.
    pub problem: String,
}

impl Violation {
    /// A violation of `field`.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

/// Adds a violation unless `text` is short and free of control characters.
pub(super) fn check_text(field: &str, text: &str, max: usize, found: &mut Vec<Violation>) {
    if text.len() > max {
        found.push(Violation::new(field, format!("has {} bytes; at most {max} are allowed", text.len())));
    } else if let Some(c) = text.chars().find(|c| c.is_control()) {
        found
            .push(Violation::new(field, format!("{text:?} contains the control character {c:?}; remove it")));
    } else if text.trim() != text {
        found.push(Violation::new(field, format!("{text:?} begins or ends with a space; remove it")));
    } else if text.is_empty() {
        found.push(Violation::new(field, "is empty; leave it out instead"));
    }
}

/// Adds a violation for each key that a template could not name as `params.KEY`.
pub(super) fn check_keys<'a>(
    field: &str,
    keys: impl Iterator<Item = &'a String>,
    found: &mut Vec<Violation>,
) {
    for key in keys {
        let first = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !first || key.len() > 63 || !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            found.push(Violation::new(
                field,
                format!("the key {key:?} is not 1 to 63 of A-Z a-z 0-9 _ beginning with a letter or _"),
            ));
        }
    }
}
