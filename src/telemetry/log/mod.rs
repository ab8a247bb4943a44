//! The log: one line an event on standard error, for people or for machines.
//!
//! All lines go through one buffer that a thread of its own writes (`writer.rs`), so that whoever logs never waits for
//! whoever reads. The lines of boots, of which a room that powers on makes ten thousand at once, are written by hand
//! (`boot.rs`); all others are events of `tracing`.

mod boot;
mod line;
mod writer;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal};
use std::panic;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

pub use boot::BootLine;
pub use line::{Form, Line};
pub use writer::LogWriter;

/// How long the end of the process may wait for whoever reads the log.
const LAST_LINES: Duration = Duration::from_secs(1);

static LOG: OnceLock<Log> = OnceLock::new();

static DROPPED: LazyLock<Counter> = LazyLock::new(Counter::default);

struct Log {
    writer: LogWriter,
    form: Form,
}

/// Why a filter can not be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "{filter:?} is no filter: {problem}; use a level such as info, or directives such as info,pxe_init::store=debug"
)]
pub struct InvalidFilter {
    filter: String,
    problem: ParseError,
}

/// Says whether `filter` can be used.
pub fn check_filter(filter: &str) -> Result<(), InvalidFilter> {
    parse(filter).map(drop)
}

fn parse(filter: &str) -> Result<EnvFilter, InvalidFilter> {
    EnvFilter::builder().parse(filter).map_err(|problem| InvalidFilter { filter: filter.to_owned(), problem })
}

/// Starts to log what `filter` lets through, as JSON or as text. Only the first call of a process counts.
pub fn init_log(filter: &str, json: bool) -> Result<(), InvalidFilter> {
    let parsed = parse(filter)?;
    let form = match (json, io::stderr().is_terminal()) {
        (true, _) => Form::Json,
        (false, colours) => Form::Text { colours },
    };
    let mut first = false;
    let log = LOG.get_or_init(|| {
        first = true;
        Log { writer: LogWriter::start(io::stderr(), form, DROPPED.clone()), form }
    });
    if !first {
        return Ok(());
    }
    let builder = tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_ansi(form == Form::Text { colours: true })
        .with_writer(log.writer.clone());
    // An error means that a program that has us as a library has a log already.
    let _ = if json {
        builder.json().flatten_event(true).with_current_span(false).try_init()
    } else {
        builder.with_target(false).try_init()
    };
    panic::set_hook(Box::new(|panic| {
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        tracing::error!(%panic, backtrace, "a part of the server crashed");
        // It may be the end of the process.
        flush_log();
    }));
    Ok(())
}

/// Waits until what was logged is written, for as long as can be waited at the end of the process.
pub fn flush_log() {
    if let Some(log) = LOG.get() {
        log.writer.flush(LAST_LINES);
    }
}

/// The lines that this process dropped.
pub(super) fn dropped() -> Counter {
    DROPPED.clone()
}
