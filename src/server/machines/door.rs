//! Accepts connections, on a thread of its own.
//!
//! It does nothing else, so that hardly any connection waits in the kernel, which would drop the next ones without a word
//! when its queue is full; those machines would ask again only after seconds. What is accepted waits for its turn where its
//! waiting can be measured (`connection.rs`). Beyond the limit a connection is read and refused right here, in
//! microseconds; the few whose request is still on its way wait for it in the lobby, and when that is full too, in the
//! kernel.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use socket2::SockRef;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection;
use super::refusal::Heard;
use super::shared::{Shared, Stage};

/// How often to look whether the end has come.
const LOOK_UP: Duration = Duration::from_millis(100);

/// How long to wait when no connection can be accepted, such as when all file descriptors are in use.
const ERROR_PAUSE: Duration = Duration::from_millis(50);

/// How long to wait for a place in the lobby.
const LOBBY_PAUSE: Duration = Duration::from_millis(5);

/// The least time between two lines of the log that say the same.
const LOG_PAUSE: Duration = Duration::from_secs(10);

pub(super) struct Door {
    pub(super) shared: Arc<Shared>,
    /// Where machines are answered.
    pub(super) workers: Handle,
    /// Where those are read that wait in the lobby, and where monitoring is answered when there is no place left.
    pub(super) management: Handle,
    pub(super) lobby: TaskTracker,
    /// Cancelled when nobody is to be accepted any more.
    pub(super) closing: CancellationToken,
}

impl Door {
    /// Begins to accept; what is returned says when the listener is closed.
    pub(super) fn open(self, listener: TcpListener) -> io::Result<oneshot::Receiver<()>> {
        let (done, closed) = oneshot::channel();
        std::thread::Builder::new().name("door".to_owned()).spawn(move || {
            if let Err(error) = self.run(&listener) {
                tracing::error!(%error, "connections can not be accepted");
            }
            drop(listener);
            // Nobody waits where nobody asked for the end.
            let _ = done.send(());
        })?;
        Ok(closed)
    }

    fn run(&self, listener: &TcpListener) -> io::Result<()> {
        // One call of the kernel for a connection, where an event loop takes three; it returns now and then to look
        // whether the end has come.
        listener.set_nonblocking(false)?;
        SockRef::from(listener).set_read_timeout(Some(LOOK_UP))?;
        let mut errors = Errors::default();
        while !self.closing.is_cancelled() {
            if self.lobby.len() >= self.shared.limits.lobby {
                sleep(LOBBY_PAUSE);
                continue;
            }
            match listener.accept() {
                Ok((stream, peer)) => self.receive(stream, peer),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => {
                    self.shared.counts.accept_errors.inc();
                    if !errors.is_of_one_connection(&error) {
                        self.shared.no_files();
                        sleep(ERROR_PAUSE);
                    }
                }
            }
        }
        // Whoever waits in the kernel would be reset when the listener closes.
        listener.set_nonblocking(true)?;
        while let Ok((stream, peer)) = listener.accept() {
            self.receive(stream, peer);
        }
        Ok(())
    }

    /// Has a connection answered, or refuses it.
    fn receive(&self, stream: TcpStream, peer: SocketAddr) {
        let shared = &self.shared;
        shared.counts.accepted.inc();
        if let Err(error) = stream.set_nonblocking(true) {
            return tracing::debug!(%peer, %error, "the connection ended at once");
        }
        if let Some(watched) = shared.enter() {
            self.workers.spawn(connection::serve(stream, peer, Instant::now(), watched));
            return;
        }
        match shared.stage() {
            Stage::Refusing => shared.counts.shed_stopping.inc(),
            _ => {
                shared.crowd();
                shared.counts.shed_connections.inc()
            }
        };
        match shared.refusals.now(&stream) {
            Heard::Told => {}
            Heard::Monitoring => self.monitor(stream, peer),
            Heard::Nothing => {
                let (shared, management) = (shared.clone(), self.management.clone());
                let waiting = async move {
                    let Ok(stream) = tokio::net::TcpStream::from_std(stream) else { return };
                    if shared.refusals.soon(&stream).await == Heard::Monitoring
                        && let Ok(stream) = stream.into_std()
                    {
                        let watched = shared.enter_anyway();
                        management.spawn(connection::serve(stream, peer, Instant::now(), watched));
                    }
                };
                self.lobby.spawn_on(waiting, &self.management);
            }
        }
    }

    fn monitor(&self, stream: TcpStream, peer: SocketAddr) {
        let watched = self.shared.enter_anyway();
        self.management.spawn(connection::serve(stream, peer, Instant::now(), watched));
    }
}

/// Errors of accepting, logged once in a while.
#[derive(Default)]
struct Errors {
    logged: Option<Instant>,
    since: u64,
}

impl Errors {
    /// Whether only one connection is concerned (accept(2)); otherwise the next attempt fails too.
    fn is_of_one_connection(&mut self, error: &io::Error) -> bool {
        let passes = [
            Errno::CONNABORTED,
            Errno::INTR,
            Errno::PROTO,
            Errno::NETDOWN,
            Errno::NOPROTOOPT,
            Errno::HOSTDOWN,
            Errno::HOSTUNREACH,
            Errno::NETUNREACH,
            Errno::PERM,
            Errno::OPNOTSUPP,
            Errno::TIMEDOUT,
        ];
        if Errno::from_io_error(error).is_some_and(|number| passes.contains(&number)) {
            return true;
        }
        self.since += 1;
        if self.logged.is_none_or(|at| at.elapsed() > LOG_PAUSE) {
            tracing::error!(%error, times = self.since, "connections can not be accepted");
            (self.logged, self.since) = (Some(Instant::now()), 0);
        }
        false
    }
}
