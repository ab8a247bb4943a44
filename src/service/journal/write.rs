//! From memory into the database, at a pace that leaves the database and the machines their time.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Journal;
use crate::domain::{BootId, BootRecord, Discovered, Timestamp};
use crate::service::Service;
use crate::store::{Store, StoreError};
use crate::telemetry::Dropped;

/// Records of one transaction.
const BATCH: usize = 500;

/// From one transaction to the next: with [`BATCH`], at most 2,000 records a second. A storm is over sooner than its journal
/// is written.
const PAUSE: Duration = Duration::from_millis(250);

/// So many answers a second are a storm: the processor belongs to the machines then.
const STORM: f64 = 1_000.0;

/// From one transaction to the next in a storm, once half of what may wait does.
const STORM_PAUSE: Duration = Duration::from_secs(1);

/// How long to wait after the database did not take a batch.
const RETRY: Duration = Duration::from_secs(1);

/// How often what is too old is looked for.
const PURGE: Duration = Duration::from_secs(60);

/// Between two pieces of what is deleted.
const PURGE_PAUSE: Duration = Duration::from_millis(100);

/// How long the last records may take when the server stops.
const LAST: Duration = Duration::from_secs(5);

impl Service {
    /// Keeps the journal until `answered`, when the last machine was answered; then writes what waits. Watchers are let go
    /// as soon as `stopping`.
    pub async fn run_journal(&self, stopping: CancellationToken, answered: CancellationToken) {
        let Some(journal) = self.journal() else { return };
        let close = async {
            stopping.cancelled().await;
            journal.close();
        };
        tokio::join!(
            close,
            journal.collect(&answered),
            self.write_on(journal, &answered),
            self.purge_on(journal, &answered)
        );
        if timeout(LAST, self.write_all_boots(journal)).await.is_err() {
            tracing::warn!("the last records of the journal could not be written in time");
        }
        let lost = journal.kept().waiting.len() as u64;
        if lost > 0 {
            journal.metrics.journal.dropped(Dropped::Stopped, lost);
            tracing::warn!(lost, "records of the journal were not written before the stop");
        }
    }

    async fn write_on(&self, journal: &Journal, stop: &CancellationToken) {
        let mut failing = false;
        let mut pause = PAUSE;
        let mut before = 0;
        while stop.run_until_cancelled(sleep(pause)).await.is_some() {
            let answers = journal.metrics.journal.recorded.get();
            let new = answers - std::mem::replace(&mut before, answers);
            let storm = new as f64 > STORM * pause.as_secs_f64();
            pause = if storm { STORM_PAUSE } else { PAUSE };
            if storm && !journal.is_half_full() {
                continue;
            }
            let Ok(store) = self.store("the journal") else { continue };
            if let Err(error) = journal.write_some(&store).await {
                pause = RETRY;
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(%error, "the journal can not be written; its records wait");
                }
            } else if std::mem::take(&mut failing) {
                tracing::info!("the journal can be written again");
            }
        }
    }

    async fn purge_on(&self, journal: &Journal, stop: &CancellationToken) {
        let mut pause = RETRY;
        while stop.run_until_cancelled(sleep(pause)).await.is_some() {
            // Not yet connected, say.
            let Ok(store) = self.store("the journal") else { continue };
            pause = PURGE;
            if let Some(Err(error)) = stop.run_until_cancelled(journal.purge(&store, self.now())).await {
                tracing::warn!(%error, "the journal could not be purged");
            }
        }
    }

    /// Writes all that waits, as fast as the database takes it, until it takes no more.
    async fn write_all_boots(&self, journal: &Journal) {
        let Ok(store) = self.store("the journal") else { return };
        while let Ok(written @ 1..) = journal.write_some(&store).await {
            tracing::debug!(written, "wrote the end of the journal");
        }
    }
}

impl Journal {
    /// Writes one batch, and says how much it was. What the database refuses is dropped, for it would refuse it again.
    async fn write_some(&self, store: &Store) -> Result<usize, StoreError> {
        let _telling = self.telling.lock().await;
        let (records, discovered) = self.batch();
        let count = records.len() + discovered.len();
        if count == 0 {
            return Ok(0);
        }
        match store.add_boots(records.iter().map(|record| &**record), &discovered).await {
            Ok(()) => {
                self.metrics.journal.written.inc_by(records.len() as u64);
                self.settle(&records);
                Ok(count)
            }
            Err(error) if error.is_away() => {
                self.kept().discoveries.give_back(discovered, self.settings.discovered);
                Err(error)
            }
            Err(error) => {
                self.metrics.journal.dropped(Dropped::Refused, records.len() as u64);
                self.settle(&records);
                Err(error)
            }
        }
    }

    /// Whether half of the records that may wait do.
    fn is_half_full(&self) -> bool {
        self.kept().waiting.len() >= self.settings.waiting / 2
    }

    /// What is to be written next. It stays where readers find it until it is.
    fn batch(&self) -> (Vec<Arc<BootRecord>>, Vec<Discovered>) {
        let mut kept = self.kept();
        let records = kept.waiting.iter().take(BATCH).cloned().collect();
        (records, kept.discoveries.take_untold(BATCH))
    }

    /// Notes that these need not wait any more.
    fn settle(&self, records: &[Arc<BootRecord>]) {
        let ids: HashSet<BootId> = records.iter().map(|record| record.id).collect();
        let mut kept = self.kept();
        while kept.waiting.front().is_some_and(|record| ids.contains(&record.id)) {
            kept.waiting.pop_front();
        }
        self.metrics.journal.waiting.set(i64::try_from(kept.waiting.len()).unwrap_or(i64::MAX));
    }

    /// Deletes what is too old or too much, in small pieces.
    async fn purge(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let age = i64::try_from(self.settings.keep.as_millis()).unwrap_or(i64::MAX);
        let oldest = Timestamp(now.0.saturating_sub(age));
        store.purge_discovered(oldest, self.settings.discovered).await?;
        let expired = store.boots_expired(BootId::first_at(oldest), self.settings.max_rows).await?;
        let Some(expired) = expired else { return Ok(()) };
        let mut deleted = 0;
        loop {
            match store.purge_boots(expired).await? {
                0 => break,
                some => deleted += some,
            }
            sleep(PURGE_PAUSE).await;
        }
        tracing::debug!(deleted, "purged the journal");
        Ok(())
    }
}
