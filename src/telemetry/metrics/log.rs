//! Whether the log is read.

use prometheus_client::registry::Registry;

use crate::telemetry::log;

pub(super) fn register(registry: &mut Registry) {
    let help = "Lines of the log that were dropped because nobody read it fast enough";
    registry.register("log_lines_dropped", help, log::dropped());
}
