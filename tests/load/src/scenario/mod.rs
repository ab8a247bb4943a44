//! What `make bench` measures, each as ratios of rounds that take turns.

pub(crate) mod burst;
pub(crate) mod flat;
pub(crate) mod pressure;
pub(crate) mod ratio;
pub(crate) mod verdict;

use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;

use crate::load::{Load, Mode, Rate};
use crate::pace::Arrivals;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Ours compared with static answers, on new and on kept connections
    Ratio,
    /// All machines at the same instant
    Burst,
    /// Half of what saturates the server, and three times that
    Pressure,
    /// One machine and a million, one rule and 10,000; memory and start
    Flat,
}

/// How thoroughly to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Whether a first look is enough.
    pub(crate) quick: bool,
    /// How many machines the site of those scenarios has that are not about their number.
    pub(crate) machines: u32,
    /// How many rounds take turns; odd, for the median.
    pub(crate) rounds: u32,
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

/// The lowest and the highest.
fn range(values: &[f64]) -> (f64, f64) {
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    (lowest, values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}
