//! Functions that templates can call.

use minijinja::Error;

use super::stop::Stop;

/// `not_found(reason)`: the machine gets nothing, so that its firmware takes the next boot device.
pub(super) fn not_found(reason: String) -> Result<String, Error> {
    Err(Stop::NotFound(reason).into())
}

/// `fail(reason)`: the template can not make a document of what it was given.
pub(super) fn fail(reason: String) -> Result<String, Error> {
    Err(Stop::Failed(reason).into())
}
