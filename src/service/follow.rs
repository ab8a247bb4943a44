//! Keeps the snapshot level with the database.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Service, Snapshot};
use crate::domain::Timestamp;
use crate::error::Error;

/// How often a replica looks for what others wrote.
const POLL: Duration = Duration::from_secs(1);

/// Whether the snapshot is known to be level with the database.
#[derive(Clone, Debug)]
pub struct Health {
    /// When the database last told its revision.
    pub confirmed: Option<Timestamp>,
    /// Why it does not now.
    pub problem: Option<String>,
}

impl Health {
    pub(super) fn unknown(_now: Timestamp) -> Self {
        Self { confirmed: None, problem: Some("the database was not asked yet".to_owned()) }
    }
}

impl Service {
    /// Whether the snapshot is known to be level with the database.
    pub fn health(&self) -> Arc<Health> {
        self.inner.health.load_full()
    }

    /// Brings the snapshot level with the database. On failure what was served stays.
    pub async fn catch_up(&self) -> Result<(), Error> {
        let result = self.load_changes().await;
        let health = match &result {
            Ok(()) => Health { confirmed: Some(self.now()), problem: None },
            Err(error) => Health { confirmed: self.health().confirmed, problem: Some(error.to_string()) },
        };
        let before = self.inner.health.swap(Arc::new(health));
        match (&before.problem, &result) {
            (None, Err(error)) => {
                tracing::error!(error = %error.with_causes(), "lost the database; serving the last snapshot");
            }
            (Some(_), Ok(())) if before.confirmed.is_some() => tracing::info!("the database is back"),
            _ => {}
        }
        result
    }

    /// Catches up every second until `stop`.
    pub async fn follow(&self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(POLL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            // The failure is kept in the health and logged when it begins.
            let _ = stop.run_until_cancelled(self.catch_up()).await;
        }
    }

    async fn load_changes(&self) -> Result<(), Error> {
        let _advancing = self.inner.advancing.lock().await;
        let now = self.now();
        let (snapshot, first) = match self.inner.snapshot.load_full() {
            Some(snapshot) => (snapshot, false),
            None => (Arc::new(Snapshot::empty(self.inner.settings.limits, now)), true),
        };
        let revision = snapshot.catalog.revision();
        if !first && self.inner.store.revision().await? == revision {
            return Ok(());
        }
        let changes = self.inner.store.changes_since(revision).await?;
        self.publish(Arc::new(snapshot.with(&changes, self.inner.settings.limits, now)));
        Ok(())
    }

    /// Serves `next` from now on. The caller holds `advancing`.
    pub(super) fn publish(&self, next: Arc<Snapshot>) {
        for entry in next.templates.iter().filter(|entry| entry.broken.is_some()) {
            if let Some(problem) = &entry.broken {
                tracing::error!(template = %entry.template.name, %problem, "a stored template can not be rendered");
            }
        }
        self.inner.metrics.snapshot_revision.set(next.catalog.revision() as i64);
        self.inner.snapshot.store(Some(next));
    }
}
