//! What `make bench` measures, each as ratios of rounds that take turns.

pub(crate) mod ratio;

use std::sync::Arc;
use std::time::Duration;

use crate::load::{Load, Mode, Rate};
use crate::pace::Arrivals;

/// How thoroughly to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// How many rounds take turns; odd, for the median.
    pub(crate) rounds: usize,
    /// How long one turn is.
    pub(crate) turn: Duration,
    /// How many threads ask.
    pub(crate) threads: u32,
    /// How many connections may be open at once.
    pub(crate) most_open: u32,
}

impl Effort {
    /// As fast as `connections` connections can, for one turn.
    pub(crate) fn flat_out(self, mode: Mode, machines: u32, connections: u32) -> Load {
        Load {
            target: Arc::default(),
            mode,
            machines,
            rate: Rate::Max,
            arrivals: Arrivals::Poisson,
            connections,
            duration: self.turn,
            timeout: Duration::from_secs(30),
            retry: false,
            threads: self.threads,
            most_open: self.most_open,
        }
    }
}
