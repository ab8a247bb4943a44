//! What Prometheus is told. Handles are held, so that counting costs no look-up.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::connections::Connections;

/// The labels of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    kind: &'static str,
    outcome: &'static str,
}

/// Every metric of the server.
pub struct Metrics {
    registry: Registry,
    answers: Family<AnswerLabels, Counter>,
    /// Answers that took 1 µs to 2 s.
    answer_seconds: Histogram,
    /// Requests refused for what they said.
    pub bad_requests: Counter,
    /// Requests whose identities point at two machines.
    pub conflicts: Counter,
    /// The catalog revision that is served.
    pub snapshot_revision: Gauge,
    /// When the database last confirmed the snapshot, in seconds since 1970.
    pub confirmed: Gauge<f64, AtomicU64>,
    /// Templates that can not be rendered.
    pub broken_templates: Gauge,
    /// 1 while the database does not confirm the snapshot.
    pub stale: Gauge,
    /// 1 while the snapshot is the one of the snapshot file.
    pub from_file: Gauge,
    /// When the snapshot file was last written, in seconds since 1970.
    pub file_written: Gauge<f64, AtomicU64>,
    /// How long it is.
    pub file_bytes: Gauge,
    /// How often it could not be written.
    pub file_failures: Counter,
    /// The connections of machines.
    pub connections: Connections,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("pxe_init");
        let buckets = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 2.0];
        let mut metrics = Self {
            answers: Family::default(),
            answer_seconds: Histogram::new(buckets),
            bad_requests: Counter::default(),
            conflicts: Counter::default(),
            snapshot_revision: Gauge::default(),
            confirmed: Gauge::default(),
            broken_templates: Gauge::default(),
            stale: Gauge::default(),
            from_file: Gauge::default(),
            file_written: Gauge::default(),
            file_bytes: Gauge::default(),
            file_failures: Counter::default(),
            connections: Connections::default(),
            registry: Registry::default(),
        };
        registry.register(
            "answers",
            "Answers to machines, by kind of document and outcome",
            metrics.answers.clone(),
        );
        registry.register(
            "answer_seconds",
            "Time from facts to answer: resolving and rendering",
            metrics.answer_seconds.clone(),
        );
        registry.register(
            "bad_requests",
            "Requests refused for what they said",
            metrics.bad_requests.clone(),
        );
        registry.register(
            "identity_conflicts",
            "Requests whose MAC, UUID and serial number point at different machines",
            metrics.conflicts.clone(),
        );
        registry.register(
            "snapshot_revision",
            "The catalog revision that is served",
            metrics.snapshot_revision.clone(),
        );
        registry.register(
            "snapshot_confirmed_timestamp_seconds",
            "When the database last confirmed that the snapshot is current",
            metrics.confirmed.clone(),
        );
        registry.register(
            "broken_templates",
            "Stored templates that can not be rendered",
            metrics.broken_templates.clone(),
        );
        registry.register(
            "snapshot_stale",
            "1 while the database does not confirm that the snapshot is current",
            metrics.stale.clone(),
        );
        registry.register(
            "snapshot_from_file",
            "1 while what is served comes from the snapshot file",
            metrics.from_file.clone(),
        );
        registry.register(
            "snapshot_file_written_timestamp_seconds",
            "When this process last wrote the snapshot file",
            metrics.file_written.clone(),
        );
        registry.register(
            "snapshot_file_bytes",
            "The length of the snapshot file",
            metrics.file_bytes.clone(),
        );
        registry.register(
            "snapshot_file_failures",
            "How often the snapshot file could not be written",
            metrics.file_failures.clone(),
        );
        metrics.connections.register(&mut registry);
        metrics.registry = registry;
        metrics
    }
}

impl Metrics {
    /// Counts an answer that took `seconds`.
    pub fn answered(&self, kind: &'static str, outcome: &'static str, seconds: f64) {
        self.answers.get_or_create(&AnswerLabels { kind, outcome }).inc();
        self.answer_seconds.observe(seconds);
    }

    /// Everything in the OpenMetrics text format.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a string can not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
