//! Accepts connections of operators.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};

use super::connection::Connection;
use crate::grpc::Caller;

/// Connections that may be open at once. Beyond that they wait in the kernel.
const MOST: usize = 1024;

/// How long to wait when no connection can be accepted, such as when all file descriptors are in use.
const ERROR_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until nobody takes the connections any more.
pub(super) async fn accept(listener: TcpListener, to: mpsc::Sender<io::Result<Connection>>) {
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
            let (stream, address) = listener.accept().await?;
            // Calls are small, and wait for nothing.
            stream.set_nodelay(true)?;
            Ok::<_, io::Error>(Connection { stream, caller: Caller { address }, _place: place })
        };
        let accepted = tokio::select! {
            accepted = next => accepted,
            () = to.closed() => return,
        };
        match accepted {
            Ok(connection) => {
                if to.send(Ok(connection)).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection of an operator can not be accepted");
                tokio::time::sleep(ERROR_PAUSE).await;
            }
        }
    }
}
