//! A room powers on: all machines at the same instant, each on a new connection, asking `/boot.ipxe` and `/ipxe`.

use std::fmt;

use serde::Serialize;

use super::Effort;
use super::ratio::Pair;
use super::verdict::Verdict;
use crate::failure::{Failure, Result};
use crate::load::Mode;
use crate::measure::{measure_good, median};
use crate::tally::Latency;

/// Medians of the rounds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Burst {
    machines: u32,
    /// Until the last answer of ours, in seconds.
    ours_seconds: f64,
    /// Until the last static answer, in seconds.
    fixed_seconds: f64,
    /// Ours divided by that of the yardstick, the median over rounds.
    ratio: f64,
    /// The lowest and the highest ratio of a round.
    range: (f64, f64),
    /// From the instant to the answers of the last round of ours, in ms.
    last: Option<Latency>,
    rounds: u32,
}

/// Measures it.
pub(crate) fn run(pair: &Pair, effort: Effort, progress: &mut dyn FnMut(&str)) -> Result<Burst> {
    if effort.most_open < pair.machines {
        return Err(Failure(format!(
            "a burst of {} machines takes as many connections at once, and only {} can be open here: raise the limit of \
             open files (ulimit -n)",
            pair.machines, effort.most_open
        )));
    }
    let load = effort.flat_out(Mode::Storm, pair.machines, 1);
    let (mut ours, mut fixed, mut last) = (Vec::new(), Vec::new(), None);
    for round in 0..=effort.rounds {
        let yardstick = measure_good(&load, &pair.fixed)?.run;
        let of_ours = measure_good(&load, &pair.ours)?.run;
        let (yardstick, seconds) = (yardstick.took.as_secs_f64(), of_ours.took.as_secs_f64());
        progress(&format!("burst {round}/{}: static {yardstick:.3} s; ours {seconds:.3} s", effort.rounds));
        // The first round warms caches and makes room for so many connections, and does not count.
        if round > 0 {
            fixed.push(yardstick);
            ours.push(seconds);
            last = of_ours.tally.good();
        }
    }
    let ratios: Vec<f64> = ours.iter().zip(&fixed).map(|(ours, fixed)| ours / fixed).collect();
    Ok(Burst {
        machines: pair.machines,
        range: super::range(&ratios),
        ratio: median(ratios),
        ours_seconds: median(ours),
        fixed_seconds: median(fixed),
        last,
        rounds: effort.rounds,
    })
}

impl Burst {
    /// What issue 4 asks of it.
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let what = format!(
            "a burst of {} machines: time until the last answer against static answers",
            self.machines
        );
        vec![Verdict::at_most(what, self.ratio, 1.1, "×")]
    }
}

impl fmt::Display for Burst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| machines | static | ours | ratio | lowest and highest | p50 | p99 | last answer |")?;
        writeln!(f, "|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        let (p50, p99, max) = self.last.map_or((f64::NAN, f64::NAN, f64::NAN), |l| (l.p50, l.p99, l.max));
        writeln!(
            f,
            "| {} | {:.3} s | {:.3} s | {:.3} | {:.2}–{:.2} | {p50:.0} ms | {p99:.0} ms | {max:.0} ms |",
            self.machines, self.fixed_seconds, self.ours_seconds, self.ratio, self.range.0, self.range.1
        )
    }
}
