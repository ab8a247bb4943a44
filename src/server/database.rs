//! Gets the database, and gets it back when it was lost.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::chance::Chance;
use crate::service::Service;
use crate::store::{Options, Store, StoreError};

/// The pause after the first attempt that failed; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long the connections of a store may take to close. Those to a database that went away never do.
const CLOSING: Duration = Duration::from_secs(2);

/// What keeps the service level with its database.
pub(super) struct Connector {
    pub(super) service: Service,
    pub(super) options: Options,
    pub(super) chance: Chance,
    /// Told when the first attempt failed.
    pub(super) failed: Notify,
}

impl Connector {
    /// Connects, migrates and follows, and begins again when the database is away, until `stop`.
    ///
    /// # Errors
    /// What the first attempt says, if waiting can not mend it. Later it is logged like everything else: machines may be
    /// answered by then.
    pub(super) async fn run(&self, stop: &CancellationToken) -> Result<(), StoreError> {
        let (mut first, mut pause) = (true, FIRST_PAUSE);
        while let Some(opened) = stop.run_until_cancelled(self.open()).await {
            match opened {
                Ok(store) => {
                    pause = FIRST_PAUSE;
                    if let Some(before) = self.service.attach(store) {
                        tokio::spawn(close(before));
                    }
                    self.service.follow(stop.clone()).await;
                }
                // Unless machines are answered already: from the file, since this attempt took long.
                Err(error) if first && !error.is_away() && self.service.snapshot().is_err() => {
                    return Err(error);
                }
                Err(error) => {
                    self.service.lost(error);
                    self.failed.notify_one();
                }
            }
            first = false;
            // By chance, so that the replicas of a site do not all come at once.
            stop.run_until_cancelled(sleep(pause.mul_f64(0.5 + (self.chance)()))).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
        Ok(())
    }

    /// Closes the connections, once nobody needs them.
    pub(super) async fn close(&self) {
        if let Some(store) = self.service.detach() {
            close(store).await;
        }
    }

    /// Serves from the snapshot file if the database does not come up in time, or at once if it is known to be away.
    pub(super) async fn fall_back(&self, stop: &CancellationToken) {
        let wait = async {
            tokio::select! {
                () = sleep(self.options.acquire_timeout) => {}
                () = self.failed.notified() => {}
            }
        };
        if stop.run_until_cancelled(wait).await.is_some() {
            self.service.fall_back().await;
        }
    }

    async fn open(&self) -> Result<Store, StoreError> {
        // Nor may a new file stand in the place of one of which we serve the catalog.
        let options = Options { create: self.service.snapshot().is_err(), ..self.options.clone() };
        let store = Store::connect(&options).await?;
        // A database without tables in the place of one of which we serve the catalog is one that somebody lost. To take
        // it for the new truth would send all machines astray.
        if self.service.snapshot().is_err() || store.has_schema().await? {
            store.migrate().await?;
        } else {
            store.state().await?;
        }
        Ok(store)
    }
}

async fn close(store: Store) {
    if tokio::time::timeout(CLOSING, store.close()).await.is_err() {
        tracing::debug!("connections to the database did not close in time; left to the system");
    }
}
