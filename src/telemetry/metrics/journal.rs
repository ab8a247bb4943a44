//! What Prometheus is told of the journal.

use std::fmt::Write as _;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Why a record of the journal was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dropped {
    /// More answers than the journal could take in.
    QueueFull,
    /// Bodies too large to wait to be hashed.
    Bytes,
    /// More than may wait for the database, which is away or slow.
    Waiting,
    /// The database refused it.
    Refused,
    /// The server stopped before the database had it.
    Stopped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DroppedLabels {
    reason: Dropped,
}

impl EncodeLabelValue for Dropped {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> std::fmt::Result {
        encoder.write_str(match self {
            Self::QueueFull => "queue_full",
            Self::Bytes => "bytes",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
            Self::Stopped => "stopped",
        })
    }
}

/// The metrics of the journal.
#[derive(Clone, Default)]
pub struct JournalMetrics {
    /// Answers that it took in.
    pub recorded: Counter,
    /// Records that the database has.
    pub written: Counter,
    /// Records that wait for the database.
    pub waiting: Gauge,
    dropped: Family<DroppedLabels, Counter>,
}

impl JournalMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let records = "Answers that the journal took in";
        registry.register("journal_records", records, self.recorded.clone());
        let written = "Records of the journal that were written to the database";
        registry.register("journal_written", written, self.written.clone());
        let waiting = "Records of the journal that wait for the database";
        registry.register("journal_waiting", waiting, self.waiting.clone());
        let dropped = "Records of the journal that were dropped, by reason";
        registry.register("journal_dropped", dropped, self.dropped.clone());
    }

    /// Counts records that were dropped.
    pub fn dropped(&self, reason: Dropped, count: u64) {
        self.dropped.get_or_create(&DroppedLabels { reason }).inc_by(count);
    }
}
