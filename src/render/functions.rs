//! Functions that templates can call.

use minijinja::Error;

use super::escape::mark::unmarked;
use super::stop::Stop;

/// `not_found(reason)`: the machine gets nothing, so that its firmware takes the next boot device.
#[allow(clippy::needless_pass_by_value, reason = "the engine takes arguments by value only")]
pub(super) fn not_found(reason: String) -> Result<String, Error> {
    Err(Stop::NotFound(unmarked(&reason).into_owned()).into())
}

/// `fail(reason)`: the template can not make a document of what it was given.
#[allow(clippy::needless_pass_by_value, reason = "the engine takes arguments by value only")]
pub(super) fn fail(reason: String) -> Result<String, Error> {
    Err(Stop::Failed(unmarked(&reason).into_owned()).into())
}
