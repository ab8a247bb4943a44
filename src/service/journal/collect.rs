//! From the queue of the boot path into memory.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Journal;
use crate::telemetry::Dropped;

/// How often the queue is emptied. Nobody is woken for one answer, which would cost more than all the rest.
const PAUSE: Duration = Duration::from_millis(50);

/// Records that are taken at a time, so that readers get a turn.
const BATCH: usize = 512;

impl Journal {
    /// Empties the queue again and again, until `stop`.
    pub(super) async fn collect(&self, stop: &CancellationToken) {
        let mut ticks = tokio::time::interval(PAUSE);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            while self.take_batch() == BATCH {
                tokio::task::yield_now().await;
            }
        }
        self.drain();
    }

    /// Takes in all that was answered before this call.
    pub(super) fn drain(&self) {
        while self.take_batch() == BATCH {}
    }

    /// Takes in some answers, and says how many.
    fn take_batch(&self) -> usize {
        if self.queue.is_empty() {
            return 0;
        }
        let mut kept = self.kept();
        let mut taken = 0;
        while taken < BATCH
            && let Some(answered) = self.queue.pop()
        {
            taken += 1;
            self.queued_bytes.fetch_sub(answered.body.len(), Ordering::Relaxed);
            let record = Arc::new(kept.record(*answered, &self.replica));
            kept.discoveries.add(&record, self.settings.discovered);
            if kept.recent.len() >= self.settings.recent {
                kept.recent.pop_front();
            }
            kept.recent.push_back(record.clone());
            if self.watchers.receiver_count() > 0 {
                // Nobody may be there any more.
                let _ = self.watchers.send(record.clone());
            }
            if kept.waiting.len() >= self.settings.waiting {
                kept.waiting.pop_front();
                self.metrics.journal.dropped(Dropped::Waiting, 1);
            }
            kept.waiting.push_back(record);
        }
        self.metrics.journal.recorded.inc_by(taken as u64);
        self.metrics.journal.waiting.set(kept.waiting.len().cast_signed() as i64);
        taken
    }
}
