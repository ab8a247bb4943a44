//! How far long work is, for who waits at a terminal.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often the line changes.
const INTERVAL: Duration = Duration::from_millis(100);

/// A line on the terminal that says how far it is; nothing where standard error is none.
#[derive(Debug)]
pub(super) struct Progress {
    what: &'static str,
    shown: Option<Instant>,
}

impl Progress {
    /// Counts these: `machines`.
    pub(super) fn of(what: &'static str) -> Self {
        Self { what, shown: None }
    }

    /// Says that so many are done.
    pub(super) fn show(&mut self, done: u64, total: u64) {
        let now = Instant::now();
        let is_due = self.shown.is_none_or(|shown| now.duration_since(shown) >= INTERVAL);
        if is_due && io::stderr().is_terminal() {
            // Nobody may be reading.
            let _ = write!(io::stderr(), "\r{done} of {total} {}", self.what);
            self.shown = Some(now);
        }
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
