//! Why the tool can not go on.

/// What went wrong, for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(pub(crate) String);

/// A result of this tool.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

/// Says what was being done when something failed.
pub(crate) trait Doing<T> {
    /// `what` is what was being done, such as "can not start X".
    fn doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: std::fmt::Display> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Failure(format!("{}: {error}", what())))
    }
}
