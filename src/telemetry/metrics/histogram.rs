//! How long things took, counted without a lock: prometheus-client's own histogram has one, which the threads that answer
//! machines would share.

use std::array::from_fn;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// Upper bounds in nanoseconds: 5 µs, where the cheapest answer is, to 10 s, where a load of a large catalog is.
const BOUNDS: [u64; 18] = [
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    200_000,
    500_000,
    1_000_000,
    2_000_000,
    5_000_000,
    10_000_000,
    50_000_000,
    100_000_000,
    500_000_000,
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
    10_000_000_000,
];

const NANOS: f64 = 1e9;

/// Durations by how long they were. A clone counts into the same one.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    /// The last one is for what is longer than every bound.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

impl Histogram {
    /// Counts `duration`.
    pub fn observe(&self, duration: Duration) {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.iter().position(|bound| nanos <= *bound).unwrap_or(BOUNDS.len());
        self.counts.buckets[bucket].fetch_add(1, Relaxed);
        self.counts.nanos.fetch_add(nanos, Relaxed);
    }
}

impl EncodeMetric for Histogram {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let bound = |at: usize| BOUNDS.get(at).map_or(f64::INFINITY, |nanos| *nanos as f64 / NANOS);
        let buckets: [(f64, u64); BOUNDS.len() + 1] =
            from_fn(|at| (bound(at), self.counts.buckets[at].load(Relaxed)));
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = self.counts.nanos.load(Relaxed) as f64 / NANOS;
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts")
    }
}
