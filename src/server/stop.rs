//! How the server is asked to end: gently first, then at once.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// How long accepted requests may take to finish.
const GRACE: Duration = Duration::from_secs(10);

/// Two tokens: on the soft one nothing new is begun, on the hard one nothing is finished.
#[derive(Clone, Default)]
pub struct Stop {
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Stop {
    /// Asks to end; everything must have ended after a while.
    pub fn begin(&self) {
        if self.soft.is_cancelled() {
            return;
        }
        self.soft.cancel();
        let hard = self.hard.clone();
        tokio::spawn(async move {
            tokio::time::sleep(GRACE).await;
            hard.cancel();
        });
    }

    /// Ends at once.
    pub fn force(&self) {
        self.soft.cancel();
        self.hard.cancel();
    }

    /// Cancelled when nothing new may begin.
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when nothing may go on.
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Begins to stop at the first SIGTERM or SIGINT, and forces it at the second.
    pub async fn on_signals(self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let mut next = async || tokio::select! { _ = term.recv() => "SIGTERM", _ = int.recv() => "SIGINT" };
        let first = next().await;
        tracing::info!(signal = first, "stopping: accepted requests finish first");
        self.begin();
        let second = next().await;
        tracing::warn!(signal = second, "stopping at once");
        self.force();
        Ok(())
    }
}
