//! How what is served came from the database.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Histogram;

/// How what is served came from the database.
#[derive(Clone, Debug, Default)]
pub struct ReloadMetrics {
    seconds: BySize,
    /// How often what is new could not be loaded although the database was there.
    pub failures: Counter,
    /// 1 while the database tells of what other replicas write.
    pub listening: Gauge,
    /// How often the connection that hears it was lost or could not be made.
    pub listener_failures: Counter,
}

impl ReloadMetrics {
    /// Counts a load that took `duration`, of everything or of what had changed.
    pub fn loaded(&self, everything: bool, duration: Duration) {
        self.seconds.0[usize::from(everything)].observe(duration);
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let seconds = "Time to load what is new from the database, by what=\"all\" and what=\"changes\"";
        registry.register("reload_seconds", seconds, self.seconds.clone());
        let failures = "How often what is new could not be loaded although the database was there";
        registry.register("reload_failures", failures, self.failures.clone());
        let listening =
            "1 while the database tells of what other replicas write; it is asked every second besides";
        registry.register("feed_listening", listening, self.listening.clone());
        let failures = "How often the connection that hears of other replicas was lost or could not be made";
        registry.register("feed_listener_failures", failures, self.listener_failures.clone());
    }
}

#[derive(Clone, Debug, Default)]
struct BySize(Arc<[Histogram; 2]>);

impl EncodeMetric for BySize {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for (what, histogram) in ["changes", "all"].into_iter().zip(self.0.iter()) {
            histogram.encode(encoder.encode_family(&[("what", what)])?)?;
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
