//! How much a template may use, and the writer that holds it to it.

use std::io;
use std::time::{Duration, Instant};

/// What one rendering may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Engine steps; 64 bytes of any string made on the way cost one step too, so this bounds memory.
    pub fuel: u64,
    /// How deep includes, macros and loops may nest.
    pub recursion: usize,
    /// Bytes of the finished document.
    pub output: usize,
    /// Wall-clock time, looked at while output is written; fuel bounds what runs without writing.
    pub time: Duration,
}

/// One of the [`Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::fuel`]
    Fuel,
    /// [`Limits::recursion`]
    Recursion,
    /// [`Limits::output`]
    Output,
    /// [`Limits::time`]
    Time,
}

impl Default for Limits {
    /// A built-in template takes a few hundred steps; 200,000 last about 20 ms and 13 MB.
    fn default() -> Self {
        Self { fuel: 200_000, recursion: 100, output: 1 << 20, time: Duration::from_secs(1) }
    }
}

/// Collects output until a limit is reached, and then says which.
pub(super) struct Budget {
    written: Vec<u8>,
    max: usize,
    time: Duration,
    started: Option<Instant>,
    writes: u32,
    reached: Option<Limit>,
}

/// Reading the clock costs more than a short write: look at it once in so many.
const WRITES_PER_LOOK: u32 = 32;

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            written: Vec::with_capacity(1024.min(limits.output)),
            max: limits.output,
            time: limits.time,
            started: None,
            writes: 0,
            reached: None,
        }
    }

    /// The limit that stopped the writing, if one did.
    pub(super) fn reached(&self) -> Option<Limit> {
        self.reached
    }

    /// What was written.
    pub(super) fn into_text(self) -> String {
        // The engine writes whole `str`s, so nothing is ever replaced here.
        String::from_utf8(self.written).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
    }

    fn stop(&mut self, limit: Limit) -> io::Result<usize> {
        self.reached = Some(limit);
        Err(io::ErrorKind::QuotaExceeded.into())
    }
}

impl io::Write for Budget {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written.len() + bytes.len() > self.max {
            return self.stop(Limit::Output);
        }
        self.writes += 1;
        if self.writes.is_multiple_of(WRITES_PER_LOOK) {
            let started = *self.started.get_or_insert_with(Instant::now);
            if started.elapsed() >= self.time {
                return self.stop(Limit::Time);
            }
        }
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
