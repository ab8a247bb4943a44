//! Logs and metrics.

mod log;
mod metrics;

pub use log::{InvalidFilter, init_log};
pub use metrics::Metrics;
