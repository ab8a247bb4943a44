//! Logs and metrics.

mod journal;
mod log;
mod metrics;

pub use journal::{Dropped, JournalMetrics};
pub use log::{InvalidFilter, check_filter, init_log};
pub use metrics::Metrics;
