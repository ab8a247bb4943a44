//! Hears of what other replicas write, so that machines registered there are known here at once.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::Service;
use crate::store::{Store, StoreError};

/// The pause after a connection failed; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A connection that lasted so long was a good one, so that the pauses begin anew.
const GOOD: Duration = Duration::from_secs(60);

impl Service {
    /// Tells `heard` of each change by somebody else, for ever. Whether the database is there is not for this to say:
    /// the poll finds out, and goes on whatever becomes of this.
    pub(super) async fn listen(&self, heard: &Notify) {
        let mut pause = FIRST_PAUSE;
        while let Some(store) = self.inner.store.load_full() {
            let begun = Instant::now();
            let Err(error) = self.listen_once(&store, heard).await;
            let metrics = &self.inner.metrics;
            metrics.reloads.listening.set(0);
            metrics.reloads.listener_failures.inc();
            if begun.elapsed() > GOOD {
                pause = FIRST_PAUSE;
            }
            // No warning: while the poll goes on, machines are answered as well as ever.
            tracing::debug!(%error, pause_ms = pause.as_millis(), "the connection that hears of other replicas failed");
            sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
        std::future::pending::<()>().await;
    }

    async fn listen_once(
        &self,
        store: &Store,
        heard: &Notify,
    ) -> Result<std::convert::Infallible, StoreError> {
        let mut listener = store.listen().await?;
        self.inner.metrics.reloads.listening.set(1);
        // Of what was committed before it listened, it hears nothing.
        heard.notify_one();
        loop {
            let revision = listener.heard().await?;
            if revision.is_none() || revision != self.served_revision() {
                heard.notify_one();
            }
        }
    }

    fn served_revision(&self) -> Option<u64> {
        self.inner.snapshot.load().as_ref().map(|served| served.catalog.revision())
    }
}
