//! From our errors to gRPC statuses.

use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};

use crate::error::{Code, Error};

/// The longest message, and the longest account of one field, in bytes.
const MAX_TEXT: usize = 2 << 10;

/// The longest name of a field, in bytes.
const MAX_FIELD: usize = 256;

/// What all fields may take, in bytes. A status travels in HTTP headers, which clients read up to 16 KiB, as Base64;
/// beyond that they see `http2 error` and nothing else.
const MAX_FIELDS: usize = 6 << 10;

/// The status of `error`, with its fields as `google.rpc.BadRequest`. The cause goes to the log alone.
pub(super) fn status(error: Error) -> Status {
    if error.code == Code::Internal {
        tracing::error!(error = %error.with_causes(), "a call failed");
    }
    let mut details = ErrorDetails::new();
    let mut left = MAX_FIELDS;
    let count = error.violations.len();
    for (told, violation) in error.violations.into_iter().enumerate() {
        let (field, problem) =
            (shortened(violation.field, MAX_FIELD), shortened(violation.problem, MAX_TEXT));
        let Some(rest) = left.checked_sub(field.len() + problem.len()) else {
            let more = format!("{} fields more are wrong", count - told);
            details.add_bad_request_violation("…", more);
            break;
        };
        left = rest;
        details.add_bad_request_violation(field, problem);
    }
    Status::with_error_details(error.code.grpc(), shortened(error.message, MAX_TEXT), details)
}

/// `text`, or its beginning and end: the value that is wrong comes first, and what to do about it last.
fn shortened(text: String, max: usize) -> String {
    if text.len() <= max {
        return text;
    }
    let head = text.floor_char_boundary(max / 2);
    let tail = text.ceil_char_boundary(text.len() - max / 2 + '…'.len_utf8());
    format!("{}…{}", &text[..head], &text[tail..])
}

/// The status of a field that is wrong.
pub(super) fn wrong(field: &str, problem: impl std::fmt::Display) -> Status {
    status(Error::invalid_field(field, problem))
}

/// The status of a field that is missing.
pub(super) fn missing(field: &str) -> Status {
    wrong(field, "is missing")
}
