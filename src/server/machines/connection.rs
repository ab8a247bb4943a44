//! One connection of a machine.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::plain::{self, Other};
use super::refusal::{Heard, is_monitoring};
use super::shared::{Shared, Stage};
use super::tracked::Tracked;
use super::watched::{Order, Phase, Watched};
use crate::http::Peer;

/// The largest request head, in bytes: the longest query and some headers.
const MAX_HEAD: usize = 32 << 10;

/// The longest body of a request, in bytes. Nobody reads one; a short one does no harm.
const MAX_BODY: u64 = 64 << 10;

/// Serves a connection that was accepted at `accepted`, until it ends or is told to.
pub(super) async fn serve(
    stream: std::net::TcpStream,
    peer: SocketAddr,
    accepted: Instant,
    watched: Arc<Watched>,
) {
    let shared = &watched.shared;
    let is_late = accepted.elapsed() > shared.limits.queue;
    if !is_late {
        return match plain::talk(stream, peer, &watched).await {
            Ok(()) => {}
            Err(Other { stream, read }) => Box::pin(talk(stream, read, peer, &watched)).await,
        };
    }
    // One that waited too long is not registered for events before it is clear that it takes more than a refusal.
    let mut heard = if is_late { shared.refusals.now(&stream) } else { Heard::Monitoring };
    let stream = match heard {
        Heard::Told => Err(stream),
        _ => match TcpStream::from_std(stream) {
            Ok(stream) => Ok(stream),
            Err(error) => return tracing::debug!(%peer, %error, "the connection ended at once"),
        },
    };
    if let (Heard::Nothing, Ok(stream)) = (&heard, &stream) {
        heard = shared.refusals.soon(stream).await;
    }
    match (heard, stream) {
        (Heard::Monitoring, Ok(stream)) => talk(stream, Bytes::new(), peer, &watched).await,
        _ => {
            shared.counts.shed_queue.inc();
        }
    }
}

/// Speaks HTTP on a connection of which `read` was read already.
async fn talk(stream: TcpStream, read: Bytes, peer: SocketAddr, watched: &Arc<Watched>) {
    let service = service_fn(|request: Request<Incoming>| answer(request, peer, watched.clone()));
    let serving = http1::Builder::new()
        .header_read_timeout(None)
        // Who says that nothing more comes, as `nc -N` does, still wants the answer.
        .half_close(true)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(Tracked::new(stream, watched.clone(), read)), service);
    let mut serving = pin!(serving);
    let mut known = Order::None;
    let result = loop {
        tokio::select! {
            biased;
            result = serving.as_mut() => break result,
            order = poll_fn(|cx| watched.poll_told(cx, known)) => match order {
                Order::Close => return,
                _ => serving.as_mut().graceful_shutdown(),
            }
        }
        known = Order::Finish;
    };
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "a connection broke");
    }
}

async fn answer(
    mut request: Request<Incoming>,
    peer: SocketAddr,
    watched: Arc<Watched>,
) -> Result<Response, Infallible> {
    watched.begin(Phase::Working);
    let shared = &watched.shared;
    let stage = shared.stage();
    if !request.body().is_end_stream() {
        // Nobody reads it, so it is still on its way when the connection ends.
        watched.linger();
        if request.body().size_hint().lower() > MAX_BODY {
            return Ok(too_large());
        }
    }
    request.extensions_mut().insert(Peer(peer));
    let mut response = if is_monitoring(request.uri().path()) {
        route(shared, request).await
    } else if stage == Stage::Refusing {
        shared.counts.shed_stopping.inc();
        shared.refusals.response()
    } else if let Some(_working) = shared.work() {
        route(shared, request).await
    } else {
        shared.counts.shed_requests.inc();
        shared.refusals.response()
    };
    if response.status() == StatusCode::SERVICE_UNAVAILABLE {
        // Not the same for all, so that they do not come back at once.
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(shared.refusals.seconds()));
    }
    if stage != Stage::Serving {
        // The next request is for another server.
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

async fn route(shared: &Shared, request: Request<Incoming>) -> Response {
    match shared.router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn too_large() -> Response {
    let headers = [(CONNECTION, "close"), (CONTENT_TYPE, "text/plain; charset=utf-8")];
    let line = format!("the body of the request is too large; at most {MAX_BODY} bytes are taken\n");
    (StatusCode::PAYLOAD_TOO_LARGE, headers, line).into_response()
}
