//! What machines ask over HTTP: extract, call the service, respond.
//!
//! `docs/http.md` states the contract. The shape of an answer never depends on the `Host` or on headers that a machine
//! does not send; every answer carries a `Content-Length`, since iPXE waits for ever without one.

mod assets;
mod boot;
mod date;
mod facts;
mod host;
mod operations;
mod plain;
mod proxies;
mod question;
mod reply;
mod respond;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::map_request_with_state;
use axum::routing::get;
use tokio_util::sync::CancellationToken;

use crate::domain::Kind;
use crate::service::Service;
use crate::telemetry::Metrics;

pub use assets::AssetDir;
pub use boot::Documents;
pub use date::with_date;
pub use facts::from_query as facts_from_query;
pub use plain::PlainRequest;
pub use proxies::TrustedProxies;
pub use question::Question;
pub use reply::Reply;

/// Where a request came from; the listener adds it to each.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What the handlers share.
#[derive(Clone)]
pub struct HttpState {
    /// The use cases.
    pub service: Service,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The directory under `/assets`.
    pub assets: AssetDir,
    /// Cancelled when the server is to end.
    pub stopping: CancellationToken,
    /// Whose word counts on where a request came from.
    pub proxies: TrustedProxies,
}

/// Every path that machines and monitoring use.
pub fn router(state: HttpState) -> Router {
    let mut router = Router::new()
        .route("/boot.ipxe", get(boot::document))
        .route("/cloud-init/{machine}/{file}", get(boot::document))
        .route("/assets", get(assets::serve))
        .route("/assets/", get(assets::serve))
        .route("/assets/{*path}", get(assets::serve))
        .route("/health", get(operations::health))
        .route("/ready", get(operations::ready))
        .route("/metrics", get(operations::metrics));
    for kind in Kind::ALL {
        router = router.route(&format!("/{kind}"), get(boot::document));
    }
    let proxies = state.proxies.clone();
    let router = router
        .fallback(respond::no_such_path)
        .method_not_allowed_fallback(respond::wrong_method)
        .with_state(state);
    // Plain requests have no header of a proxy, so that all that have one come here.
    if proxies.is_empty() { router } else { router.layer(map_request_with_state(proxies, proxies::unmask)) }
}

impl FromRef<HttpState> for Service {
    fn from_ref(state: &HttpState) -> Self {
        state.service.clone()
    }
}

impl FromRef<HttpState> for Documents {
    fn from_ref(state: &HttpState) -> Self {
        Self::new(state.service.clone(), state.metrics.clone())
    }
}

impl FromRef<HttpState> for Arc<Metrics> {
    fn from_ref(state: &HttpState) -> Self {
        state.metrics.clone()
    }
}

impl FromRef<HttpState> for CancellationToken {
    fn from_ref(state: &HttpState) -> Self {
        state.stopping.clone()
    }
}

impl FromRef<HttpState> for AssetDir {
    fn from_ref(state: &HttpState) -> Self {
        state.assets.clone()
    }
}
