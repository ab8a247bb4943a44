//! Why our own filters, functions and formatters end a rendering: carried inside the engine's error.

use std::fmt;

use minijinja::{Error, ErrorKind};

use super::limits::Limit;

/// Travels as the `source` of a [`minijinja::Error`], which adds the place.
#[derive(Clone, Debug)]
pub(super) enum Stop {
    /// A value that this kind of document can not take, and what to do about it.
    Refused(String),
    /// A value that would go beyond a limit.
    Limit(Limit),
    /// The template said `not_found(reason)`.
    NotFound(String),
    /// The template said `fail(reason)`.
    Failed(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(_) => f.write_str("limit reached"),
            Self::Refused(text) | Self::NotFound(text) | Self::Failed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Stop {}

impl From<Stop> for Error {
    fn from(stop: Stop) -> Self {
        Self::new(ErrorKind::InvalidOperation, "stopped").with_source(stop)
    }
}

/// An error that refuses a value for the reason `why`.
pub(super) fn refuse(why: impl Into<String>) -> Error {
    Stop::Refused(why.into()).into()
}
