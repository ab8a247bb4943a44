//! Serves operators: accepts their connections, and has each call pass the guard.

mod accept;
mod calls;
mod connection;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;

use super::{ServerError, Stop, chance};
use crate::grpc::{self, Anonymous};
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
    pub(super) anonymous: Anonymous,
}

impl Management {
    /// Serves calls until `stop`; then those that have begun may finish.
    pub(super) async fn serve(self, stop: &Stop) -> Result<(), ServerError> {
        let Self { listener, service, traces, anonymous } = self;
        let guard = grpc::guard(service.clone(), anonymous);
        let routes = grpc::routes(service, chance::random).await?;
        let (to, connections) = mpsc::channel(WAITING);
        let soft = stop.soft();
        let serving = Server::builder().layer(TraceCalls(traces)).layer(guard).add_routes(routes);
        let serving = serving.serve_with_incoming_shutdown(ReceiverStream::new(connections), async move {
            soft.cancelled().await;
        });
        let accepting = tokio::spawn(accept::accept(listener, to));
        let served = stop.hard().run_until_cancelled_owned(serving).await;
        accepting.abort();
        Ok(served.transpose().map(drop)?)
    }
}
