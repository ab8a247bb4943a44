//! Keeps the snapshot level with the database.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::{Service, Snapshot, not_loaded};
use crate::domain::Timestamp;
use crate::error::{Code, Error};
use crate::store::State;
use crate::telemetry::LoadSpan;

/// How often a replica looks for what others wrote.
const POLL: Duration = Duration::from_secs(1);

/// So many failures in a row, and the connections are given up.
const GIVE_UP: u32 = 2;

/// How many failures in a row make one line of the log.
const REMIND: u32 = 60;

/// Whether the snapshot is known to be level with the database.
#[derive(Clone, Debug)]
pub struct Health {
    /// When the database last told its revision, to this process or to the one that wrote the snapshot file.
    pub confirmed: Option<Timestamp>,
    /// Why it does not now.
    pub problem: Option<String>,
    /// Whether that is because the database is away, so that nothing can be asked of it.
    pub away: bool,
    /// Whether the snapshot comes from the snapshot file.
    pub from_file: bool,
    /// Why the snapshot file was of no help.
    pub file_problem: Option<String>,
}

impl Health {
    pub(super) fn unknown() -> Self {
        Self {
            confirmed: None,
            problem: Some("the database did not answer yet".to_owned()),
            away: false,
            from_file: false,
            file_problem: None,
        }
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
        self.note_database(result.as_ref().copied());
        result
    }

    /// Catches up every second, until `stop` or until the database is away.
    pub async fn follow(&self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(POLL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failures = 0;
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            match stop.run_until_cancelled(self.catch_up()).await {
                Some(Err(error)) if error.code == Code::Unavailable => failures += 1,
                _ => failures = 0,
            }
            if failures == GIVE_UP {
                return;
            }
        }
    }

    /// Keeps what came of asking the database, and logs it when it is news.
    pub(super) fn note_database(&self, result: Result<(), &Error>) {
        let (now, metrics) = (self.now(), &self.inner.metrics.snapshot);
        let failures = match result {
            Ok(()) => self.inner.failures.swap(0, Ordering::Relaxed),
            Err(_) => self.inner.failures.fetch_add(1, Ordering::Relaxed),
        };
        let before = self.inner.health.rcu(|health| match result {
            Ok(()) => Health {
                confirmed: Some(now),
                problem: None,
                away: false,
                from_file: false,
                file_problem: None,
            },
            Err(error) => Health {
                problem: Some(error.with_causes()),
                away: error.code == Code::Unavailable,
                ..(**health).clone()
            },
        });
        match result {
            Ok(()) => {
                metrics.confirmed.set(now.0 as f64 / 1000.0);
                metrics.from_file.set(0);
                metrics.stale.set(0);
                if failures > 0 || before.from_file {
                    tracing::info!(failures, "the database is back; what is served is level with it");
                }
            }
            Err(error) => {
                metrics.stale.set(1);
                if error.code != Code::Unavailable {
                    self.inner.metrics.reloads.failures.inc();
                }
                if failures % REMIND == 0 || before.away != (error.code == Code::Unavailable) {
                    let error = error.with_causes();
                    match self.inner.snapshot.load_full() {
                        Some(served) => tracing::error!(
                            error,
                            revision = served.catalog.revision(),
                            age_seconds = before.confirmed.map(|at| (now.0 - at.0).max(0) / 1000),
                            "lost the database; serving the last snapshot"
                        ),
                        None => tracing::error!(error, "the catalog can not be loaded; trying again"),
                    }
                }
            }
        }
    }

    async fn load_changes(&self) -> Result<(), Error> {
        let Some(store) = self.inner.store.load_full() else { return Err(not_loaded()) };
        // Before the turn: writes that wait for a database that went away hold it, and they are told by us.
        if self.is_level_with(&store.state().await?) {
            return Ok(());
        }
        let _advancing = self.inner.advancing.lock().await;
        let (now, begun) = (self.now(), Instant::now());
        let stored = store.state().await?;
        if self.is_level_with(&stored) {
            return Ok(());
        }
        let base = match self.inner.snapshot.load_full() {
            Some(served) => self.base(served, &stored),
            None => self.nothing_of(&stored),
        };
        let from = base.catalog.revision();
        let changes = store.changes_since(from).await?;
        let next = Arc::new(base.with(&changes, self.inner.settings.limits, now));
        let to = next.catalog.revision();
        self.publish(next);
        let duration = begun.elapsed();
        self.inner.metrics.reloads.loaded(from == 0, duration);
        self.inner.metrics.traces.load(LoadSpan { from, to, duration });
        Ok(())
    }

    fn is_level_with(&self, stored: &State) -> bool {
        self.inner.snapshot.load().as_ref().is_some_and(|served| {
            served.database.as_ref() == Some(&stored.identity) && served.catalog.revision() == stored.revision
        })
    }

    /// What changes can be laid upon to reach the stored state: what is served, or nothing where that is not known to be
    /// an earlier state of the same database (a backup was restored, say, or it is from the snapshot file, after which a
    /// backup may have been restored).
    pub(super) fn base(&self, served: Arc<Snapshot>, stored: &State) -> Arc<Snapshot> {
        let revision = served.catalog.revision();
        match &served.database {
            Some(identity) if *identity == stored.identity && stored.revision >= revision => return served,
            Some(identity) if *identity == stored.identity => tracing::warn!(
                served = revision,
                stored = stored.revision,
                "the database went back to an older revision; loading all of it"
            ),
            Some(identity) => tracing::warn!(
                served = %identity,
                stored = %stored.identity,
                revision = stored.revision,
                "the database is another one than before; loading all of it"
            ),
            None => {}
        }
        self.nothing_of(stored)
    }

    fn nothing_of(&self, stored: &State) -> Arc<Snapshot> {
        let empty = Snapshot::empty(self.inner.settings.limits, self.now());
        Arc::new(Snapshot { database: Some(stored.identity.clone()), ..empty })
    }

    /// Serves `next` from now on. The caller holds `advancing`.
    pub(super) fn publish(&self, next: Arc<Snapshot>) {
        self.note_served(&next);
        self.inner.snapshot.store(Some(next));
        self.inner.published.notify_one();
    }

    /// Tells log and metrics what is served.
    pub(super) fn note_served(&self, next: &Snapshot) {
        let served = self.inner.snapshot.load();
        if !served.as_ref().is_some_and(|served| Arc::ptr_eq(&served.templates, &next.templates)) {
            self.report_broken(next);
        }
        self.inner.metrics.snapshot.revision.set(next.catalog.revision().cast_signed());
    }

    fn report_broken(&self, next: &Snapshot) {
        let mut count = 0;
        for (name, problem) in
            next.templates.iter().filter_map(|e| Some((&e.template.name, e.broken.as_ref()?)))
        {
            tracing::error!(template = %name, %problem, "a stored template can not be rendered");
            count += 1;
        }
        self.inner.metrics.snapshot.broken_templates.set(count);
    }
}
