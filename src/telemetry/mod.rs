//! Logs, metrics and traces.

mod log;
mod metrics;
mod traces;

pub use log::{BootLine, Form, InvalidFilter, Line, LogWriter, check_filter, flush_log, init_log};
pub use metrics::{
    BadRequest, BootMetrics, Clock, Connections, Dropped, Histogram, JournalMetrics, Metrics, ReloadMetrics,
    SnapshotMetrics,
};
pub use traces::{BootSpan, CallSpan, LoadSpan, TraceOptions, TraceParent, Traces};
