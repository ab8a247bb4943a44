//! Logs and metrics.

mod connections;
mod log;
mod metrics;

pub use connections::Connections;
pub use log::{InvalidFilter, check_filter, init_log};
pub use metrics::Metrics;
