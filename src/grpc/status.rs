//! From our errors to gRPC statuses.

use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};

use crate::error::{Code, Error};

/// The status of `error`, with its fields as `google.rpc.BadRequest`. The cause goes to the log alone.
pub(super) fn status(error: Error) -> Status {
    if error.code == Code::Internal {
        tracing::error!(error = %error.with_causes(), "a call failed");
    }
    let mut details = ErrorDetails::new();
    for violation in &error.violations {
        details.add_bad_request_violation(&violation.field, &violation.problem);
    }
    Status::with_error_details(error.code.grpc(), error.message, details)
}

/// The status of a field that is wrong.
pub(super) fn wrong(field: &str, problem: impl std::fmt::Display) -> Status {
    status(Error::invalid_field(field, problem))
}

/// The status of a field that is missing.
pub(super) fn missing(field: &str) -> Status {
    wrong(field, "is missing")
}
