//! Accepts connections of operators.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::connection::{Connection, Stream};
use crate::grpc::Caller;
use crate::server::tls::{Certificates, names};

/// Connections that may be open at once. Beyond that they wait in the kernel.
const MOST: usize = 1024;

/// How long the other end may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long to wait when no connection can be accepted, such as when all file descriptors are in use.
const ERROR_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until nobody takes the connections any more.
pub(super) async fn accept(
    listener: TcpListener,
    certificates: Option<Arc<Certificates>>,
    to: mpsc::Sender<io::Result<Connection>>,
) {
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
            let (stream, address) = listener.accept().await?;
            // Calls are small, and wait for nothing.
            stream.set_nodelay(true)?;
            Ok::<_, io::Error>((stream, address, place))
        };
        let accepted = tokio::select! {
            accepted = next => accepted,
            () = to.closed() => return,
        };
        let (stream, address, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection of an operator can not be accepted");
                tokio::time::sleep(ERROR_PAUSE).await;
                continue;
            }
        };
        match &certificates {
            None => {
                let caller = Caller { address, certificate: None };
                let connection = Connection { stream: Box::new(stream), caller, _place: place };
                // Whether somebody takes it is asked above.
                let _ = to.send(Ok(connection)).await;
            }
            // In a task of its own: who is slow keeps nobody else waiting.
            Some(certificates) => {
                drop(tokio::spawn(secure(certificates.clone(), stream, address, place, to.clone())));
            }
        }
    }
}

async fn secure(
    certificates: Arc<Certificates>,
    stream: TcpStream,
    address: SocketAddr,
    place: OwnedSemaphorePermit,
    to: mpsc::Sender<io::Result<Connection>>,
) {
    let agreed = tokio::time::timeout(HANDSHAKE, certificates.acceptor().accept(stream)).await;
    let stream = match agreed.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(stream) => stream,
        Err(problem) => return tracing::info!(%address, %problem, "TLS could not be agreed on with a caller"),
    };
    let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let certificate = certificate.map(|certificate| names(certificate).into());
    let stream: Box<dyn Stream> = Box::new(stream);
    let connection = Connection { stream, caller: Caller { address, certificate }, _place: place };
    // Nobody may be there any more to serve it.
    let _ = to.send(Ok(connection)).await;
}
