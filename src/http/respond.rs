//! Answers that are not made from the catalog.

use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::Reply;
use crate::error::Error;

/// The response to a failure of ours or of the request: one line.
pub(super) fn refuse(error: &Error) -> Response {
    Reply::refusal(error).into_response()
}

/// A line of plain text.
pub(super) fn text(status: StatusCode, line: impl Into<String>) -> Response {
    Reply::line(status.as_u16(), line).into_response()
}

/// The response to a path that does not exist.
pub(super) async fn no_such_path(uri: Uri) -> Reply {
    nothing_at(uri.path())
}

/// The same.
pub(super) fn nothing_at(path: &str) -> Reply {
    let path: String = path.chars().take(200).collect();
    Reply::line(404, format!("there is nothing at {path:?}; machines begin at /boot.ipxe"))
}

/// The response to a method that a path does not take.
pub(super) async fn wrong_method(method: Method) -> Response {
    text(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not served here; use GET or HEAD"))
}
