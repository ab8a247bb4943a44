//! What our answers cost compared with static answers of the same size.

use std::fmt;

use serde::Serialize;

use super::Effort;
use crate::failure::Result;
use crate::load::Mode;
use crate::measure::{Measured, measure_good, median};
use crate::room::Room;
use crate::site::{From, Site, Starter};
use crate::step::Sequence;

/// A site of the size of which issue 4 speaks.
pub(crate) const ROOM: Room = Room { machines: 10_000, rules: 100, image: "linux" };

/// How many connections are open at once.
const CONNECTIONS: u32 = 64;

/// Medians of the rounds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ratio {
    /// How connections are used.
    pub(crate) mode: Mode,
    /// What machines ask.
    pub(crate) sequence: Sequence,
    /// The mean length of a body, in bytes.
    pub(crate) body_bytes: usize,
    /// Ours.
    pub(crate) ours: Side,
    /// The yardstick.
    pub(crate) fixed: Side,
    /// CPU time of our server divided by that of the yardstick, the median over rounds.
    pub(crate) cpu_ratio: f64,
    /// Our answers a second divided by those of the yardstick, the median over rounds.
    pub(crate) rate_ratio: f64,
    /// The lowest and the highest CPU ratio of a round.
    pub(crate) cpu_range: (f64, f64),
    /// How many rounds there were.
    pub(crate) rounds: usize,
}

/// All of them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ratios(pub(crate) Vec<Ratio>);

/// Medians of one side.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Side {
    /// CPU time of the server for an answer, in µs.
    pub(crate) server_micros: f64,
    /// CPU time of this tool for an answer, in µs.
    pub(crate) tool_micros: f64,
    /// Answers a second.
    pub(crate) rate: f64,
}

/// Ours and the yardstick, both running.
#[derive(Debug)]
pub(crate) struct Pair {
    /// Ours.
    pub(crate) ours: Site,
    /// The yardstick.
    pub(crate) fixed: Site,
    sequence: Sequence,
}

impl Pair {
    /// Starts both.
    pub(crate) fn start(starter: &Starter, sequence: Sequence) -> Result<Self> {
        let ours = starter.ours("pxe-init-server", ROOM, From::Database, sequence)?;
        let fixed = starter.yardstick(sequence, &ours.answers)?;
        Ok(Self { ours, fixed, sequence })
    }

    /// Lets them take turns.
    pub(crate) fn compare(
        &self,
        effort: Effort,
        mode: Mode,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Ratio> {
        let load = effort.flat_out(mode, ROOM.machines, CONNECTIONS);
        let (mut ours, mut fixed) = (Vec::new(), Vec::new());
        // The first round warms caches and fills pools, and does not count.
        for round in 0..=effort.rounds {
            let yardstick = measure_good(&load, &self.fixed)?;
            let of_ours = measure_good(&load, &self.ours)?;
            progress(&format!(
                "{mode:?} {round}/{}: static {:.1} µs, {:.0}/s; ours {:.1} µs, {:.0}/s",
                effort.rounds,
                yardstick.server(),
                yardstick.rate,
                of_ours.server(),
                of_ours.rate
            ));
            if round > 0 {
                fixed.push(yardstick);
                ours.push(of_ours);
            }
        }
        let ratios = |of: fn(&Measured) -> f64| -> Vec<f64> {
            ours.iter().zip(&fixed).map(|(ours, fixed)| of(ours) / of(fixed)).collect()
        };
        let cpu = ratios(Measured::server);
        let bytes: usize = self.ours.answers.iter().map(|answer| answer.body.len()).sum();
        Ok(Ratio {
            mode,
            sequence: self.sequence,
            body_bytes: bytes / self.ours.answers.len().max(1),
            ours: Side::of(&ours),
            fixed: Side::of(&fixed),
            cpu_range: (
                cpu.iter().copied().fold(f64::INFINITY, f64::min),
                cpu.iter().copied().fold(0.0, f64::max),
            ),
            cpu_ratio: median(cpu),
            rate_ratio: median(ratios(|measured| measured.rate)),
            rounds: effort.rounds,
        })
    }
}

impl Side {
    fn of(rounds: &[Measured]) -> Self {
        let median = |of: fn(&Measured) -> f64| median(rounds.iter().map(of).collect());
        Self {
            server_micros: median(Measured::server),
            tool_micros: median(|measured| measured.tool_micros),
            rate: median(|measured| measured.rate),
        }
    }
}

/// Measures all of them.
pub(crate) fn run(starter: &Starter, effort: Effort, progress: &mut dyn FnMut(&str)) -> Result<Ratios> {
    let mut all = Vec::new();
    for (sequence, modes) in [
        (Sequence::Ipxe, [Mode::Kept, Mode::NewConnection].as_slice()),
        (Sequence::Boot, &[Mode::Kept, Mode::KeepAlive]),
    ] {
        let pair = Pair::start(starter, sequence)?;
        for mode in modes {
            all.push(pair.compare(effort, *mode, progress)?);
        }
    }
    Ok(Ratios(all))
}

impl fmt::Display for Ratios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<24} {:>6} {:>22} {:>22} {:>7} {:>11} {:>7}",
            "", "bytes", "static µs, answers/s", "ours µs, answers/s", "CPU", "range", "rate"
        )?;
        for ratio in &self.0 {
            let side = |side: &Side| format!("{:.1} {:>8.0}", side.server_micros, side.rate);
            writeln!(
                f,
                "{:<24} {:>6} {:>22} {:>22} {:>7.3} {:>11} {:>7.3}",
                format!("{:?} {:?}", ratio.sequence, ratio.mode),
                ratio.body_bytes,
                side(&ratio.fixed),
                side(&ratio.ours),
                ratio.cpu_ratio,
                format!("{:.2}–{:.2}", ratio.cpu_range.0, ratio.cpu_range.1),
                ratio.rate_ratio
            )?;
        }
        Ok(())
    }
}
