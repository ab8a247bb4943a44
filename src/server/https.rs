//! Serves machines and monitoring over HTTPS, beside the plain port.
//!
//! It has a listener of its own, and few connections: boot loaders that speak TLS well are few, and a room that powers on
//! comes to the plain port, which has a fast path of its own.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::Stop;
use super::tls::Certificates;
use crate::http::{Https as Secure, Peer};

/// Connections that may be open at once. Beyond that they wait in the kernel.
const MOST: usize = 1024;

/// How long the other end may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The largest request head, in bytes.
const MAX_HEAD: usize = 32 << 10;

/// How long to wait when no connection can be accepted.
const ERROR_PAUSE: Duration = Duration::from_millis(100);

/// What HTTPS is served by.
pub(super) struct Https {
    pub(super) listener: TcpListener,
    pub(super) certificates: Arc<Certificates>,
    /// How long a request may take to arrive, or the next one to begin.
    pub(super) patience: Duration,
}

impl Https {
    /// Serves `router` until `stop`; then those that have a request are answered.
    pub(super) async fn serve(self, router: Router, stop: Stop) {
        let Self { listener, certificates, patience } = self;
        tokio::spawn(certificates.clone().watch(stop.soft()));
        let (places, connections) = (Arc::new(Semaphore::new(MOST)), TaskTracker::new());
        let next = async || {
            let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
            let (stream, peer) = listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok::<_, io::Error>((stream, peer, place))
        };
        let soft = stop.soft();
        while let Some(accepted) = soft.run_until_cancelled(next()).await {
            match accepted {
                Ok((stream, peer, place)) => {
                    let (certificates, router, stop) = (certificates.clone(), router.clone(), stop.clone());
                    connections.spawn(async move {
                        let talking = talk(&certificates, stream, peer, router, patience, &stop);
                        stop.hard().run_until_cancelled(talking).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection over HTTPS can not be accepted");
                    tokio::time::sleep(ERROR_PAUSE).await;
                }
            }
        }
        drop(listener);
        connections.close();
        connections.wait().await;
    }
}

async fn talk(
    certificates: &Certificates,
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    patience: Duration,
    stop: &Stop,
) {
    let agreed = tokio::time::timeout(HANDSHAKE, certificates.acceptor().accept(stream)).await;
    let stream = match agreed.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(stream) => stream,
        // Those that speak no TLS that is safe any more are among them: it is worth a line.
        Err(problem) => return tracing::info!(%peer, %problem, "TLS could not be agreed on with a machine"),
    };
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(Secure);
        router.clone().oneshot(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(MAX_HEAD);
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let (announced, mut asked) = (stop.announced(), false);
    let result = loop {
        tokio::select! {
            result = serving.as_mut() => break result,
            () = announced.cancelled(), if !asked => {
                asked = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "a connection over HTTPS broke");
    }
}
