//! Logs and metrics.

mod log;
mod metrics;

pub use log::{InvalidFilter, check_filter, init_log};
pub use metrics::Metrics;
