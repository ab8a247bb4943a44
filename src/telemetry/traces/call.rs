//! One span for each call of the management API.

use std::time::{Duration, Instant};

use http::HeaderMap;
use opentelemetry::time;
use opentelemetry::trace::{Span as _, SpanKind, Status};

use super::{TraceParent, Traces};

/// A call that goes on. Its span ends with it.
pub struct CallSpan {
    traces: Traces,
    path: String,
    parent: HeaderMap,
    begun: Instant,
    code: Option<i32>,
}

impl Traces {
    /// A call of `path`, which is `/SERVICE/METHOD`; none where nobody wants its span.
    pub fn call(&self, path: &str, headers: &HeaderMap) -> Option<CallSpan> {
        self.on.as_ref()?;
        let (path, begun) = (path.to_owned(), Instant::now());
        Some(CallSpan { traces: self.clone(), path, parent: headers.clone(), begun, code: None })
    }
}

impl CallSpan {
    /// Takes the status code from these headers or trailers, if it is there
    /// (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses>).
    pub fn hear(&mut self, headers: &HeaderMap) {
        let code = headers.get("grpc-status").and_then(|code| code.to_str().ok()?.parse().ok());
        self.code = code.or(self.code);
    }
}

impl Drop for CallSpan {
    fn drop(&mut self) {
        let end = time::now();
        let duration: Duration = self.begun.elapsed();
        let begun = end.checked_sub(duration).unwrap_or(end);
        let name = self.path.trim_start_matches('/').to_owned();
        let (service, method) = name.split_once('/').unwrap_or((&name, ""));
        let (service, method) = (service.to_owned(), method.to_owned());
        let Some(mut span) =
            self.traces.begin(name, SpanKind::Server, begun, &TraceParent::of(&self.parent).context())
        else {
            return;
        };
        span.tell("rpc.system", "grpc");
        span.tell("rpc.service", service);
        span.tell("rpc.method", method);
        match self.code {
            Some(code) => {
                span.tell("rpc.grpc.status_code", i64::from(code));
                if code != 0 {
                    span.span.set_status(Status::error(format!("gRPC status code {code}")));
                }
            }
            None => span.span.set_status(Status::error("the caller went away")),
        }
        span.end(end);
    }
}
