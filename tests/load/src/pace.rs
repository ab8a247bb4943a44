//! When questions are due, whether earlier ones were answered or not.

use std::time::{Duration, Instant};

use clap::ValueEnum;
use serde::Serialize;

/// How questions follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Arrivals {
    /// By chance, as machines that know nothing of each other come
    Poisson,
    /// One after the other in equal steps
    Constant,
}

/// The pauses between questions, the same in every run.
#[derive(Debug)]
pub(crate) struct Pauses {
    arrivals: Arrivals,
    mean: f64,
    state: u64,
}

impl Pauses {
    /// `rate` questions a second.
    pub(crate) fn new(arrivals: Arrivals, rate: f64, seed: u64) -> Self {
        Self { arrivals, mean: 1.0 / rate, state: seed }
    }

    /// A number from 0 up to 1: SplitMix64.
    fn chance(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let seconds = match self.arrivals {
            Arrivals::Poisson => -(1.0 - self.chance()).ln() * self.mean,
            Arrivals::Constant => self.mean,
        };
        Some(Duration::from_secs_f64(seconds))
    }
}

/// Calls `due` with each moment at which a question is due, from `began` until `end`, when that moment has come; ends early
/// when `due` says that nobody listens.
///
/// On a thread of its own: it waits to some ten microseconds, while the timers of tokio wait to the millisecond, which
/// would be a part of every latency.
pub(crate) fn keep(pauses: Pauses, began: Instant, end: Instant, mut due: impl FnMut(Instant) -> bool) {
    let mut next = began;
    for pause in pauses {
        next += pause;
        if next >= end {
            return;
        }
        let wait = next.saturating_duration_since(Instant::now());
        if !wait.is_zero() {
            std::thread::sleep(wait);
        }
        if !due(next) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_make_the_rate() {
        for arrivals in [Arrivals::Poisson, Arrivals::Constant] {
            let all: Duration = Pauses::new(arrivals, 1000.0, 1).take(20_000).sum();
            assert!((19.0..21.0).contains(&all.as_secs_f64()), "{arrivals:?}: {all:?}");
        }
    }

    #[test]
    fn nothing_is_asked_before_it_is_due() {
        let began = Instant::now();
        let (pauses, mut moments) = (Pauses::new(Arrivals::Constant, 1000.0, 1), Vec::new());
        keep(pauses, began, began + Duration::from_millis(20), |due| {
            assert!(Instant::now() >= due);
            moments.push(due);
            true
        });
        assert_eq!(moments.len(), 19);
        assert_eq!(moments[18] - began, Duration::from_millis(19));
    }
}
