//! How the server is asked to end: first it is announced, then nothing new is begun, then all ends at once.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::Config;

/// How long accepted requests may take to finish, unless the configuration says otherwise.
const GRACE: Duration = Duration::from_secs(10);

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Stage {
    /// Nobody asked for it.
    Serving,
    /// Announced: all is answered, and who asks `/ready` learns that it will not be for long.
    Draining,
    /// What was accepted is finished, what is new is refused.
    Refusing,
}

/// Three tokens: the first announces the end, from the second on nothing new is begun, and from the third on nothing goes
/// on.
#[derive(Clone)]
pub struct Stop {
    announced: CancellationToken,
    soft: CancellationToken,
    hard: CancellationToken,
    drain: Duration,
    grace: Duration,
}

impl Default for Stop {
    /// Without a time between the announcement and the end.
    fn default() -> Self {
        Self::after(Duration::ZERO, GRACE)
    }
}

impl Stop {
    /// With the times of the configuration.
    pub fn new(config: &Config) -> Self {
        Self::after(config.http.drain(), config.http.grace())
    }

    fn after(drain: Duration, grace: Duration) -> Self {
        let [announced, soft, hard] = std::array::from_fn(|_| CancellationToken::new());
        Self { announced, soft, hard, drain, grace }
    }

    /// Asks to end; everything must have ended after a while.
    pub fn begin(&self) {
        self.begin_after(self.drain);
    }

    fn begin_after(&self, drain: Duration) {
        if self.announced.is_cancelled() {
            return;
        }
        self.announced.cancel();
        if drain.is_zero() {
            self.soft.cancel();
        }
        let stop = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(drain).await;
            stop.soft.cancel();
            tokio::time::sleep(stop.grace).await;
            if !stop.hard.is_cancelled() {
                tracing::warn!(
                    seconds = stop.grace.as_secs(),
                    "not all requests finished in time; stopping at once"
                );
            }
            stop.hard.cancel();
        });
    }

    /// Ends at once.
    pub fn force(&self) {
        self.announced.cancel();
        self.soft.cancel();
        self.hard.cancel();
    }

    /// Cancelled when the end was asked for.
    pub fn announced(&self) -> CancellationToken {
        self.announced.clone()
    }

    /// Cancelled when nothing new may begin.
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when nothing may go on.
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }

    pub(super) fn stage(&self) -> Stage {
        match (self.announced.is_cancelled(), self.soft.is_cancelled()) {
            (_, true) => Stage::Refusing,
            (true, false) => Stage::Draining,
            (false, false) => Stage::Serving,
        }
    }

    /// Waits until `stage` is over.
    pub(super) async fn next_stage(&self, stage: Stage) {
        match stage {
            Stage::Serving => self.announced.cancelled().await,
            Stage::Draining => self.soft.cancelled().await,
            Stage::Refusing => self.hard.cancelled().await,
        }
    }

    /// Begins to stop at the first SIGTERM or SIGINT, and forces it at the second.
    pub async fn on_signals(self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let mut next = async || tokio::select! { _ = term.recv() => "SIGTERM", _ = int.recv() => "SIGINT" };
        let first = next().await;
        // Whoever presses Ctrl-C waits for the end, and stands behind no load balancer.
        let drain = if first == "SIGINT" { Duration::ZERO } else { self.drain };
        let (drain_seconds, stop_seconds) = (drain.as_secs(), self.grace.as_secs());
        tracing::info!(
            signal = first,
            drain_seconds,
            stop_seconds,
            "stopping: machines are answered for drain_seconds, then accepted requests finish"
        );
        self.begin_after(drain);
        let second = next().await;
        tracing::warn!(signal = second, "stopping at once");
        self.force();
        Ok(())
    }
}

impl Stage {
    /// The stage of this number.
    pub(super) fn from_u8(number: u8) -> Self {
        match number {
            0 => Self::Serving,
            1 => Self::Draining,
            _ => Self::Refusing,
        }
    }
}
