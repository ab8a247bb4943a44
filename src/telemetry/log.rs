//! The log: one line an event on standard error, for people or for machines.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

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
    let builder = tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_ansi(io::stderr().is_terminal())
        // It would tell of a log that nobody reads any more on the same standard error, and panic there: a dead log
        // collector must not keep machines from booting.
        .log_internal_errors(false)
        .with_writer(io::stderr);
    // An error means that a log is there already, as in tests that start several servers.
    let _ = if json {
        builder.json().flatten_event(true).with_current_span(false).try_init()
    } else {
        builder.with_target(false).try_init()
    };
    Ok(())
}
