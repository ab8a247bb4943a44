//! Logs and metrics.

mod log;
mod metrics;

pub use log::{BootLine, Form, InvalidFilter, Line, LogWriter, check_filter, flush_log, init_log};
pub use metrics::{BadRequest, BootMetrics, Clock, Histogram, Metrics, ReloadMetrics, SnapshotMetrics};
