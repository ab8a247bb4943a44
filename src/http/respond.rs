//! From an answer to a response.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::error::{Code, Error};
use crate::service::{Answer, Outcome};

/// How the question was answered, for monitoring: a 200 can be a script that says what went wrong.
const OUTCOME: HeaderName = HeaderName::from_static("x-pxe-init-outcome");

/// The number under which the log has the details of a failure.
const INCIDENT: HeaderName = HeaderName::from_static("x-pxe-init-incident");

/// The template that was rendered, as `NAME@REVISION`.
const TEMPLATE: HeaderName = HeaderName::from_static("x-pxe-init-template");

/// Seconds after which a machine asks again when we can not answer now. iPXE waits and repeats by itself
/// (<https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>). The listener spreads it by chance over 2 to 10.
const RETRY_SECONDS: u32 = 5;

/// What is sent: the document, or a line in its place.
pub(super) fn body(answer: &mut Answer) -> Bytes {
    match answer.document.take() {
        Some(document) => document.into_bytes(),
        None => answer.message().into(),
    }
}

/// The response that carries `answer` with this body.
pub(super) fn answer(answer: &Answer, has_document: bool, body: Bytes) -> Response {
    let status = answer.outcome.http_status(has_document);
    let content_type = match has_document {
        true if answer.outcome == Outcome::Rendered => answer.kind.content_type(),
        _ => "text/plain; charset=utf-8",
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(OUTCOME, HeaderValue::from_static(answer.outcome.as_str()));
    for (name, value) in [(INCIDENT, answer.incident.as_deref()), (TEMPLATE, answer.template.as_deref())] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}

/// The response to a failure of ours or of the request: one line.
pub(super) fn refuse(error: &Error) -> Response {
    let mut response = text(error.code.http(), error.to_string());
    if error.code == Code::Unavailable {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
    }
    response
}

/// A line of plain text.
pub(super) fn text(status: StatusCode, line: String) -> Response {
    let content_type = [(CONTENT_TYPE, "text/plain; charset=utf-8")];
    (status, content_type, Body::from(line + "\n")).into_response()
}

/// The response to a path that does not exist.
pub(super) async fn no_such_path(uri: Uri) -> Response {
    text(
        StatusCode::NOT_FOUND,
        format!(
            "there is nothing at {:?}; machines begin at /boot.ipxe",
            uri.path().chars().take(200).collect::<String>()
        ),
    )
}

/// The response to a method that a path does not take.
pub(super) async fn wrong_method(method: Method) -> Response {
    text(StatusCode::METHOD_NOT_ALLOWED, format!("{method} is not served here; use GET or HEAD"))
}
