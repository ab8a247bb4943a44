//! What a machine is answered, before it is bytes.

use std::io::Write as _;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use crate::error::{Code, Error};
use crate::service::{Answer, Outcome};

/// How the question was answered, for monitoring: a 200 can be a script that says what went wrong.
const OUTCOME: &str = "x-pxe-init-outcome";

/// The number under which the log has the details of a failure.
const INCIDENT: &str = "x-pxe-init-incident";

/// The template that was rendered, as `NAME@REVISION`.
const TEMPLATE: &str = "x-pxe-init-template";

const TEXT: &str = "text/plain; charset=utf-8";

/// Seconds after which a machine asks again when we can not answer now. iPXE waits and repeats by itself
/// (<https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>). The listener spreads it by chance over 2 to 10.
const RETRY_SECONDS: u32 = 5;

/// What a machine is answered.
#[derive(Debug)]
pub struct Reply {
    /// The status (RFC 9110, section 15).
    pub status: u16,
    /// Seconds after which to ask again.
    pub retry_after: Option<u32>,
    content_type: &'static str,
    /// For answers that were made from the catalog.
    outcome: Option<Outcome>,
    incident: Option<String>,
    template: Option<Arc<str>>,
    body: Bytes,
}

impl Reply {
    /// A line of plain text.
    pub(super) fn line(status: u16, line: impl Into<String>) -> Self {
        let body = Bytes::from(line.into() + "\n");
        Self {
            status,
            retry_after: None,
            content_type: TEXT,
            outcome: None,
            incident: None,
            template: None,
            body,
        }
    }

    /// A failure of ours or of the request, in one line.
    pub(super) fn refusal(error: &Error) -> Self {
        let retry_after = (error.code == Code::Unavailable).then_some(RETRY_SECONDS);
        Self { retry_after, ..Self::line(error.code.http().as_u16(), error.to_string()) }
    }

    /// What carries `answer`: its document, or a line in its place.
    pub(super) fn of(answer: &mut Answer) -> Self {
        let document = answer.document.take();
        let content_type = match document {
            Some(_) if answer.outcome == Outcome::Rendered => answer.kind.content_type(),
            _ => TEXT,
        };
        Self {
            status: answer.outcome.http_status(document.is_some()),
            retry_after: None,
            content_type,
            outcome: Some(answer.outcome),
            incident: answer.incident.clone(),
            template: answer.template.clone(),
            body: document.map_or_else(|| answer.message().into(), Bytes::from),
        }
    }

    /// What is sent after the head.
    pub(super) fn body(&self) -> &Bytes {
        &self.body
    }

    /// The headers beside those of the message itself. Texts that can not be header values are left out.
    fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let of_an_answer = |value| self.outcome.map(|_| value);
        let all = [
            ("content-type", Some(self.content_type)),
            ("cache-control", of_an_answer("no-store")),
            (OUTCOME, self.outcome.map(Outcome::as_str)),
            (INCIDENT, self.incident.as_deref()),
            (TEMPLATE, self.template.as_deref()),
        ];
        all.into_iter().filter_map(|(name, value)| {
            let is_visible = |value: &&str| value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            Some((name, value.filter(is_visible)?))
        })
    }

    /// Writes the message as HTTP/1.1 has it (RFC 9112), to the end of `out`; without its body in the answer to a `HEAD`.
    /// `date` is the time as RFC 9110, section 5.6.7 writes it.
    pub fn write(&self, out: &mut Vec<u8>, date: &str, is_head: bool, closes: bool) {
        let reason = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        // To a vector nothing fails.
        let _ = write!(out, "HTTP/1.1 {} {}\r\n", self.status, reason.unwrap_or_default());
        let mut header = |name: &str, value: &str| {
            for part in [name, ": ", value, "\r\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        };
        for (name, value) in self.headers() {
            header(name, value);
        }
        if closes {
            header("connection", "close");
        }
        header("date", date);
        if let Some(seconds) = self.retry_after {
            let _ = write!(out, "retry-after: {seconds}\r\n");
        }
        let _ = write!(out, "content-length: {}\r\n\r\n", self.body.len());
        if !is_head {
            out.extend_from_slice(&self.body);
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        for (name, value) in self.headers() {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
