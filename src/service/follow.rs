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
    pub(super) fn unknown() -> Self {
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
            Ok(()) => {
                let now = self.now();
                self.inner.metrics.confirmed.set(now.0 as f64 / 1000.0);
                Health { confirmed: Some(now), problem: None }
            }
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
        let stored = self.inner.store.revision().await?;
        if !first && stored == revision {
            return Ok(());
        }
        let base = self.base(snapshot, stored);
        let changes = self.inner.store.changes_since(base.catalog.revision()).await?;
        self.publish(Arc::new(base.with(&changes, self.inner.settings.limits, now)));
        Ok(())
    }

    /// What changes can be laid upon to reach the stored revision: what is served, or nothing where the database is not
    /// the one that it was (a backup was restored, say).
    pub(super) fn base(&self, served: Arc<Snapshot>, stored: u64) -> Arc<Snapshot> {
        let revision = served.catalog.revision();
        if stored >= revision {
            return served;
        }
        tracing::warn!(
            served = revision,
            stored,
            "the database went back to an older revision; loading all of it"
        );
        Arc::new(Snapshot::empty(self.inner.settings.limits, self.now()))
    }

    /// Serves `next` from now on. The caller holds `advancing`.
    pub(super) fn publish(&self, next: Arc<Snapshot>) {
        let served = self.inner.snapshot.load();
        if !served.as_ref().is_some_and(|served| Arc::ptr_eq(&served.templates, &next.templates)) {
            self.report_broken(&next);
        }
        self.inner.metrics.snapshot_revision.set(next.catalog.revision().cast_signed());
        self.inner.snapshot.store(Some(next));
    }

    fn report_broken(&self, next: &Snapshot) {
        let mut count = 0;
        for (name, problem) in
            next.templates.iter().filter_map(|e| Some((&e.template.name, e.broken.as_ref()?)))
        {
            tracing::error!(template = %name, %problem, "a stored template can not be rendered");
            count += 1;
        }
        self.inner.metrics.broken_templates.set(count);
    }
}
