//! What is served, and how old it is.

use std::fmt;
use std::sync::atomic::AtomicU64;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;

use super::Clock;

type Seconds = Gauge<f64, AtomicU64>;

/// What is served, and how old it is.
pub struct SnapshotMetrics {
    clock: Clock,
    /// The catalog revision that is served.
    pub revision: Gauge,
    /// When the database last confirmed the snapshot, in seconds since 1970.
    pub confirmed: Seconds,
    /// Templates that can not be rendered.
    pub broken_templates: Gauge,
    /// 1 while the database does not confirm the snapshot.
    pub stale: Gauge,
    /// 1 while the snapshot is the one of the snapshot file.
    pub from_file: Gauge,
    /// When the snapshot file was last written, in seconds since 1970.
    pub file_written: Seconds,
    /// How long it is.
    pub file_bytes: Gauge,
    /// How often it could not be written.
    pub file_failures: Counter,
}

impl SnapshotMetrics {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            revision: Gauge::default(),
            confirmed: Gauge::default(),
            broken_templates: Gauge::default(),
            stale: Gauge::default(),
            from_file: Gauge::default(),
            file_written: Gauge::default(),
            file_bytes: Gauge::default(),
            file_failures: Counter::default(),
        }
    }

    pub(super) fn register(&self, registry: &mut Registry) {
        let revision = "The catalog revision that is served";
        registry.register("snapshot_revision", revision, self.revision.clone());
        let confirmed = "When the database last confirmed that what is served is current; 0 for never";
        registry.register("snapshot_confirmed_timestamp_seconds", confirmed, self.confirmed.clone());
        let age = Age { clock: self.clock.clone(), confirmed: self.confirmed.clone() };
        registry.register_collector(Box::new(age));
        let stale = "1 while the database does not confirm that what is served is current";
        registry.register("snapshot_stale", stale, self.stale.clone());
        let from_file = "1 while what is served comes from the snapshot file";
        registry.register("snapshot_from_file", from_file, self.from_file.clone());
        let written = "When this process last wrote the snapshot file; 0 for never";
        registry.register("snapshot_file_written_timestamp_seconds", written, self.file_written.clone());
        registry.register("snapshot_file_bytes", "The length of the snapshot file", self.file_bytes.clone());
        let failures = "How often the snapshot file could not be written";
        registry.register("snapshot_file_failures", failures, self.file_failures.clone());
        let broken = "Stored templates that can not be rendered";
        registry.register("broken_templates", broken, self.broken_templates.clone());
    }
}

/// The seconds since the database confirmed what is served, as of now; absent while it never did.
struct Age {
    clock: Clock,
    confirmed: Seconds,
}

impl Collector for Age {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let confirmed = self.confirmed.get();
        if confirmed == 0.0 {
            return Ok(());
        }
        let age = ConstGauge::new(((self.clock)().0 as f64 / 1000.0 - confirmed).max(0.0));
        let help = "Time since the database last confirmed that what is served is current; absent while it never did";
        age.encode(encoder.encode_descriptor("snapshot_age_seconds", help, None, age.metric_type())?)
    }
}

impl fmt::Debug for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Age")
    }
}
