//! Accepts the connections of machines.
//!
//! hyper is driven directly, since it then costs a fifth less than `axum::serve` when a room powers on, and since each
//! connection needs limits of its own.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::Stop;
use crate::http::Peer;

/// Connections that wait to be accepted. With 128 a burst overflows, and those machines wait for seconds; the kernel
/// caps this at `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

/// How long a connection may take to send a request, or to be idle before the next. iPXE opens a new one silently when
/// an idle one was closed.
const REQUEST_HEAD: Duration = Duration::from_secs(60);

/// The largest request head, in bytes: the longest query and some headers.
const MAX_HEAD: usize = 32 << 10;

/// How long to wait when no connection can be accepted, such as when all file descriptors are in use.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listens on `address`.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // So that a restart need not wait for old connections to time out.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

/// Serves every connection until `stop`, then waits for those that are open.
pub(super) async fn serve(listener: TcpListener, router: Router, stop: &Stop) {
    let (soft, connections) = (stop.soft(), TaskTracker::new());
    while let Some(accepted) = soft.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                connections.spawn(connection(stream, peer, router.clone(), stop.clone()));
            }
            Err(error) => {
                tracing::error!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    stop.hard().run_until_cancelled(connections.wait()).await;
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, stop: Stop) {
    // An answer is one small write; waiting to fill a packet would only delay it.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "the connection ended at once");
        return;
    }
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_HEAD)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let result = tokio::select! {
        result = serving.as_mut() => result,
        () = stop.soft().cancelled_owned() => {
            serving.as_mut().graceful_shutdown();
            match stop.hard().run_until_cancelled(serving).await {
                Some(result) => result,
                None => return,
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "a connection broke");
    }
}
