//! Keeps what is served in a local file, and serves from it while the database is away at the start.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Health, Service, Snapshot};
use crate::domain::Changes;
use crate::snapshot_file::{About, SnapshotFile, Unusable};

/// The shortest time from one write of the file to the next.
const PAUSE: Duration = Duration::from_secs(1);

/// How much longer than a write took the pause is: a million machines take seconds, and writes may come without end.
const PAUSE_FACTOR: u32 = 10;

/// How long to wait after the file could not be written.
const RETRY: Duration = Duration::from_secs(10);

impl Service {
    /// Writes every snapshot to the file, the newest only where they come fast, until `stop`; then the last one.
    pub async fn keep(&self, stop: CancellationToken) {
        let Some(file) = self.inner.file.clone() else { return };
        if let Err(problem) = file.tidy() {
            tracing::debug!(%problem, "what killed writers of the snapshot file left behind could not be removed");
        }
        let mut kept = None;
        let mut failing = false;
        while stop.run_until_cancelled(self.inner.published.notified()).await.is_some() {
            let begun = Instant::now();
            let ok = self.keep_now(&file, &mut kept, &mut failing).await;
            let pause = if ok { PAUSE.max(begun.elapsed() * PAUSE_FACTOR) } else { RETRY };
            stop.run_until_cancelled(tokio::time::sleep(pause)).await;
            if !ok {
                self.inner.published.notify_one();
            }
        }
        self.keep_now(&file, &mut kept, &mut failing).await;
    }

    /// Writes what is served, unless the file has it already.
    async fn keep_now(&self, file: &SnapshotFile, kept: &mut Option<About>, failing: &mut bool) -> bool {
        let Some((snapshot, about)) = self.to_keep().filter(|(_, about)| kept.as_ref() != Some(about)) else {
            return true;
        };
        let writing = {
            let (file, about) = (file.clone(), about.clone());
            tokio::task::spawn_blocking(move || file.write(&about, &snapshot.catalog))
        };
        let metrics = &self.inner.metrics.snapshot;
        match writing.await.unwrap_or_else(|crash| Err(std::io::Error::other(crash))) {
            Ok(bytes) => {
                if std::mem::take(failing) {
                    tracing::info!(file = %file.path().display(), "the snapshot file can be written again");
                }
                tracing::debug!(file = %file.path().display(), revision = about.revision, bytes, "snapshot file written");
                metrics.file_written.set(self.now().0 as f64 / 1000.0);
                metrics.file_bytes.set(bytes.cast_signed());
                *kept = Some(about);
                true
            }
            Err(problem) => {
                metrics.file_failures.inc();
                if !std::mem::replace(failing, true) {
                    tracing::error!(
                        file = %file.path().display(),
                        %problem,
                        "the snapshot file can not be written; a start without the database would have nothing to serve"
                    );
                }
                false
            }
        }
    }

    /// What is served, if it is known of which database it is.
    fn to_keep(&self) -> Option<(Arc<Snapshot>, About)> {
        let snapshot = self.inner.snapshot.load_full()?;
        let identity = snapshot.database.as_ref()?.identity.to_string();
        let revision = snapshot.catalog.revision();
        let confirmed = self.health().confirmed.unwrap_or(snapshot.built);
        Some((snapshot, About { revision, confirmed, identity, boot_key: self.inner.boot_tokens.key_text() }))
    }

    /// Serves what the file holds, if nothing is served yet.
    pub async fn fall_back(&self) {
        let Some(file) = self.inner.file.clone() else {
            self.not_fallen_back("the snapshot file is switched off (snapshot.file is empty)");
            return;
        };
        if self.snapshot().is_ok() {
            return;
        }
        let path = file.path().display().to_string();
        let (limits, now) = (self.inner.settings.limits, self.now());
        let reading = tokio::task::spawn_blocking(move || {
            let mut snapshot = Snapshot::empty(limits, now);
            let about = file.read_into(|about, changes| {
                snapshot.apply(&Changes { revision: about.revision, changes }, limits, now);
            })?;
            // Where it holds nothing, that is of its revision all the same.
            let nothing = Changes { revision: about.revision, changes: Vec::new() };
            snapshot.apply(&nothing, limits, now);
            Ok::<_, Unusable>((about, snapshot))
        });
        match reading.await {
            Ok(Ok((about, snapshot))) => self.serve_from_file(&path, &about, snapshot),
            Ok(Err(Unusable::Absent)) => self.not_fallen_back(format!("there is no snapshot file {path}")),
            Ok(Err(problem)) => {
                self.not_fallen_back(format!("the snapshot file {path} can not be used: {problem}"));
            }
            Err(crash) => {
                self.not_fallen_back(format!("the snapshot file {path} could not be read: {crash}"));
            }
        }
    }

    fn serve_from_file(&self, path: &str, about: &About, snapshot: Snapshot) {
        let snapshot = Arc::new(snapshot);
        let before = self.inner.snapshot.compare_and_swap(&None::<Arc<Snapshot>>, Some(snapshot.clone()));
        if before.is_some() {
            // The database was faster.
            return;
        }
        self.inner.boot_tokens.fall_back(&about.boot_key);
        self.note_served(&snapshot);
        let metrics = &self.inner.metrics.snapshot;
        metrics.from_file.set(1);
        metrics.confirmed.set(about.confirmed.0 as f64 / 1000.0);
        let health = self.inner.health.rcu(|health| Health {
            confirmed: health.confirmed.or(Some(about.confirmed)),
            from_file: true,
            ..(**health).clone()
        });
        tracing::warn!(
            file = path,
            revision = about.revision,
            age_seconds = (self.now().0 - about.confirmed.0).max(0) / 1000,
            machines = snapshot.catalog.machines().len(),
            database = health.problem.as_deref(),
            "the database is away; serving what the snapshot file holds"
        );
    }

    fn not_fallen_back(&self, problem: impl Into<String>) {
        let problem = problem.into();
        tracing::error!(%problem, "nothing can be served until the database is there");
        self.inner.health.rcu(|health| Health { file_problem: Some(problem.clone()), ..(**health).clone() });
    }
}
