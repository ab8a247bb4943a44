//! What becomes of the journal.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Why a record of the journal was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// What becomes of the journal.
#[derive(Default)]
pub struct JournalMetrics {
    /// Answers that it took in.
    pub recorded: Counter,
    /// Records that the database has.
    pub written: Counter,
    /// Records that wait for the database.
    pub waiting: Gauge,
    dropped: Reasons,
}

impl JournalMetrics {
    /// Counts records that were dropped.
    pub fn dropped(&self, reason: Dropped, count: u64) {
        self.dropped.0[reason as usize].fetch_add(count, Relaxed);
    }

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
}

impl Dropped {
    const ALL: [Self; 5] = [Self::QueueFull, Self::Bytes, Self::Waiting, Self::Refused, Self::Stopped];

    const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue-full",
            Self::Bytes => "bytes",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
            Self::Stopped => "stopped",
        }
    }
}

#[derive(Clone, Debug, Default)]
struct Reasons(Arc<[AtomicU64; Dropped::ALL.len()]>);

impl EncodeMetric for Reasons {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for reason in Dropped::ALL {
            let count = self.0[reason as usize].load(Relaxed);
            ConstCounter::new(count).encode(encoder.encode_family(&[("reason", reason.as_str())])?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Counter
    }
}
