//! Serves operators: accepts their connections, and has each call pass the guard.

mod accept;
mod calls;
mod connection;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;

use super::tls::Certificates;
use super::{ServerError, Stop, chance};
use crate::grpc::{self, Access};
use crate::service::Service;
use crate::telemetry::Traces;

use calls::TraceCalls;

/// Connections that may wait for their first call to be read.
const WAITING: usize = 32;

/// What operators are served by.
pub(super) struct Management {
    pub(super) listener: TcpListener,
    pub(super) service: Service,
    pub(super) traces: Traces,
    pub(super) access: Access,
    /// None for no TLS.
    pub(super) certificates: Option<Arc<Certificates>>,
}

impl Management {
    /// Serves calls until `stop`; then those that have begun may finish.
    pub(super) async fn serve(self, stop: &Stop) -> Result<(), ServerError> {
        let Self { listener, service, traces, access, certificates } = self;
        let guard = grpc::guard(service.clone(), access);
        let routes = grpc::routes(service, chance::random).await?;
        let (to, connections) = mpsc::channel(WAITING);
        let soft = stop.soft();
        let serving = Server::builder().layer(TraceCalls(traces)).layer(guard).add_routes(routes);
        let serving = serving.serve_with_incoming_shutdown(ReceiverStream::new(connections), async move {
            soft.cancelled().await;
        });
        if let Some(certificates) = certificates.clone() {
            tokio::spawn(certificates.watch(stop.soft()));
        }
        let accepting = tokio::spawn(accept::accept(listener, certificates, to));
        let served = stop.hard().run_until_cancelled_owned(serving).await;
        accepting.abort();
        Ok(served.transpose().map(drop)?)
    }
}
