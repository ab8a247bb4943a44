//! Serves machines: accepts their connections, bounds what they may take, and ends gently.
//!
//! They have threads of their own, so that a room that powers on takes no turn from operators and monitoring: one thread
//! accepts (`door.rs`), some answer (`connection.rs`), and the rest of the server, where this module's own loop is, looks
//! ten times a second for connections that took too long (`sweep.rs`). A plain request for a document is answered without
//! an HTTP stack (`plain.rs`), every other one by hyper, driven directly.

mod connection;
mod door;
mod limits;
mod listen;
mod plain;
mod refusal;
mod shared;
mod sweep;
mod tracked;
mod watched;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::chance::Chance;
use super::{ServerError, Stop};
use crate::http::Documents;
use crate::telemetry::Metrics;
use door::Door;
use shared::{Shared, Stage};
use sweep::Sweeper;

pub(super) use limits::Limits;
pub(super) use listen::listen;

/// How long the last connections that are refused may take.
const LAST: Duration = Duration::from_secs(1);

/// What machines are served by.
pub(super) struct Machines {
    pub(super) listener: TcpListener,
    pub(super) router: Router,
    /// What answers plain requests without it.
    pub(super) documents: Documents,
    pub(super) limits: Limits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) chance: Chance,
}

impl Machines {
    /// Serves every connection until `stop`. Then those that have a request are answered, while new ones are refused
    /// with 503; the address is given up last.
    pub(super) async fn serve(self, stop: &Stop) -> Result<(), ServerError> {
        let workers = Workers::start().map_err(ServerError::Threads)?;
        let shared =
            Shared::new(self.router, self.documents, self.limits, &self.metrics.connections, self.chance);
        let closing = CancellationToken::new();
        // Also where this future is dropped.
        let _ends_the_door = closing.clone().drop_guard();
        let lobby = TaskTracker::new();
        let door = Door {
            shared: shared.clone(),
            workers: workers.handle(),
            management: Handle::current(),
            closing: closing.clone(),
            lobby: lobby.clone(),
        };
        let mut door = door.open(self.listener).map_err(ServerError::Threads)?;
        let mut sweeper = Sweeper::new(shared.clone());
        loop {
            let stage = stop.stage();
            shared.set_stage(stage);
            let pause = sweeper.sweep();
            if stop.hard().is_cancelled() || (stage == Stage::Refusing && shared.open() == 0) {
                break;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shared.crowded() => {}
                () = stop.next_stage(stage) => {}
                _ = &mut door => return Err(ServerError::Door),
            }
        }
        closing.cancel();
        // That it is gone is all that counts here.
        let _ = door.await;
        lobby.close();
        // Those that do not send their request get no answer.
        let refused = tokio::time::timeout(LAST, lobby.wait());
        let _ = stop.hard().run_until_cancelled(refused).await;
        Ok(())
    }
}

/// The threads that answer machines. Dropping it ends them without waiting.
struct Workers(Option<Runtime>);

impl Workers {
    fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread().thread_name("machines").enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    fn handle(&self) -> Handle {
        self.0.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // To wait for them here would block whoever drives this.
            runtime.shutdown_background();
        }
    }
}
