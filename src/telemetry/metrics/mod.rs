//! What Prometheus is told. A file for each concern: a struct that holds its metrics, and a `register` that names them.
//!
//! Handles are held, and labels of few values index arrays, so that counting on the boot path is an atomic addition.

mod boots;
mod connections;
mod failures;
mod histogram;
mod journal;
mod log;
mod process;
mod reloads;
mod snapshot;

use std::sync::Arc;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::Traces;
use crate::domain::Timestamp;

pub use boots::{BadRequest, BootMetrics};
pub use connections::Connections;
pub use histogram::Histogram;
pub use journal::{Dropped, JournalMetrics};
pub use reloads::ReloadMetrics;
pub use snapshot::SnapshotMetrics;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What stands before the names of our own metrics.
const PREFIX: &str = "pxe_init";

/// Every metric of the server.
pub struct Metrics {
    registry: Registry,
    /// What machines asked and got.
    pub boots: BootMetrics,
    /// What is served.
    pub snapshot: SnapshotMetrics,
    /// How it came from the database.
    pub reloads: ReloadMetrics,
    /// The connections of machines.
    pub connections: Connections,
    /// What becomes of the journal.
    pub journal: JournalMetrics,
    /// Where spans go: whoever counts something also traces it.
    pub traces: Traces,
}

impl Metrics {
    /// All at zero. `clock` tells how old things are when they are asked for.
    pub fn new(clock: Clock, traces: Traces) -> Self {
        let (boots, reloads) = (BootMetrics::default(), ReloadMetrics::default());
        let (journal, connections) = (JournalMetrics::default(), Connections::default());
        let snapshot = SnapshotMetrics::new(clock);
        let mut registry = Registry::default();
        process::register(&mut registry);
        let own = registry.sub_registry_with_prefix(PREFIX);
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        own.register("build", "Version of the server", Info::new(version));
        boots.register(own);
        snapshot.register(own);
        reloads.register(own);
        journal.register(own);
        connections.register(own);
        log::register(own);
        traces.register(own);
        Self { registry, boots, snapshot, reloads, connections, journal, traces }
    }

    /// Everything in the OpenMetrics text format. It reads files of the system, so it is no work for a thread that answers
    /// machines.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a string can not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
