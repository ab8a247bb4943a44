//! Keeps the snapshot level with the database.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Service, Snapshot, not_loaded};
use crate::boot::Secrets;
use crate::domain::{State, Timestamp};
use crate::error::{Code, Error};
use crate::store::Store;
use crate::telemetry::LoadSpan;

/// How often a replica looks for what others wrote.
const POLL: Duration = Duration::from_secs(1);

/// So many failures in a row, and the connections are given up.
const GIVE_UP: u32 = 2;

/// How much longer than an attempt that failed the pause after it is, where the database is there.
const PAUSE_FACTOR: u32 = 4;

/// How many failures in a row make one line of the log.
const REMIND: u32 = 60;

/// Machines that are looked at for secrets in clear.
const LOOKED_AT: usize = 10_000;

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

    /// Catches up whenever another replica is heard of, and every second besides, until `stop` or until the database is
    /// away.
    pub async fn follow(&self, stop: CancellationToken) {
        let heard = Notify::new();
        tokio::select! {
            () = self.poll(&heard, &stop) => {}
            // It never ends: what it hears only saves waiting.
            () = self.listen(&heard) => {}
        }
        self.inner.metrics.reloads.listening.set(0);
    }

    async fn poll(&self, heard: &Notify, stop: &CancellationToken) {
        let mut ticks = tokio::time::interval(POLL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failures = 0;
        let wait = async |ticks: &mut tokio::time::Interval| {
            tokio::select! {
                _ = ticks.tick() => {}
                () = heard.notified() => {}
            }
        };
        while stop.run_until_cancelled(wait(&mut ticks)).await.is_some() {
            let begun = Instant::now();
            match stop.run_until_cancelled(self.catch_up()).await {
                Some(Err(error)) if error.code == Code::Unavailable => failures += 1,
                // A bad row among a million is found no sooner the next time.
                Some(Err(_)) => {
                    failures = 0;
                    ticks.reset_after(POLL.max(begun.elapsed() * PAUSE_FACTOR));
                }
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
                let away = error.code == Code::Unavailable;
                if !away {
                    self.inner.metrics.reloads.failures.inc();
                }
                if failures % REMIND == 0 || before.away != away {
                    let error = error.with_causes();
                    match self.inner.snapshot.load_full() {
                        Some(served) if away => tracing::error!(
                            error,
                            revision = served.catalog.revision(),
                            age_seconds = before.confirmed.map(|at| (now.0 - at.0).max(0) / 1000),
                            "lost the database; serving the last snapshot"
                        ),
                        Some(served) => tracing::error!(
                            error,
                            revision = served.catalog.revision(),
                            "what changed in the database can not be loaded; serving the last good snapshot"
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
        let state = store.state().await?;
        self.learn_key(&store).await?;
        if self.is_level_with(&state) {
            return Ok(());
        }
        let _advancing = self.inner.advancing.lock().await;
        let known = self.inner.snapshot.load().as_ref().and_then(|served| served.database.clone());
        let reading = store.read(known.as_ref()).await?;
        if self.is_level_with(&reading.state) {
            return Ok(());
        }
        let (from, to, begun) = (reading.after, reading.state.revision, Instant::now());
        let next = self.advance(reading).await?;
        self.warn_of_secrets(&store, &next);
        self.publish(next);
        let duration = begun.elapsed();
        self.inner.metrics.reloads.loaded(from == 0, duration);
        self.inner.metrics.traces.load(LoadSpan { from, to, duration });
        Ok(())
    }

    /// Says once that secrets are in clear.
    fn warn_of_secrets(&self, store: &Store, next: &Snapshot) {
        if store.seals() || self.inner.warned.load(Ordering::Relaxed) {
            return;
        }
        let (catalog, secrets) = (&next.catalog, Secrets::of(&[next]));
        let images = catalog.images().values().map(|entry| entry.value.params.clone());
        let rules = catalog.rules().values().map(|entry| entry.value.params.clone());
        let machines = catalog.machines().iter().take(LOOKED_AT).map(|entry| entry.value.params.clone());
        let given = images.chain(rules).chain(machines).flatten().map(|(name, _)| name);
        // What is declared and given by nobody, such as by templates of ours, is nothing to worry about.
        let given: BTreeSet<String> = given.filter(|name| secrets.has(name)).collect();
        if !given.is_empty() && !self.inner.warned.swap(true, Ordering::Relaxed) {
            let params = given.into_iter().collect::<Vec<_>>().join(", ");
            tracing::warn!(
                params,
                "params that are secret are kept in clear in the database and in the snapshot file; give secrets.key_file"
            );
        }
    }

    fn is_level_with(&self, stored: &State) -> bool {
        self.inner.snapshot.load().as_ref().is_some_and(|served| served.database.as_ref() == Some(stored))
    }

    /// Serves `next` from now on. The caller holds `advancing`.
    pub(super) fn publish(&self, next: Arc<Snapshot>) {
        self.note_served(&next);
        let before = self.inner.snapshot.swap(Some(next));
        // To free a big one takes long, and nobody should wait for it.
        tokio::task::spawn_blocking(move || drop(before));
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
