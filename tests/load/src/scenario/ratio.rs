//! What our answers cost compared with static answers of the same size.

use std::fmt;

use serde::Serialize;

use super::Effort;
use super::verdict::Verdict;
use crate::failure::Result;
use crate::load::Mode;
use crate::measure::{Measured, measure_good, median};
use crate::room::Room;
use crate::site::{From, Site, Starter};
use crate::step::Sequence;

/// Rules of the site.
const RULES: u32 = 100;

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
    pub(crate) rounds: u32,
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
    /// How many machines it has.
    pub(crate) machines: u32,
}

/// A pair for each sequence that is measured.
#[derive(Debug)]
pub(crate) struct Pairs {
    /// Asked for `/ipxe` alone.
    pub(crate) ipxe: Pair,
    /// Asked for `/boot.ipxe` and `/ipxe`.
    pub(crate) boot: Pair,
}

impl Pairs {
    /// Starts all of them.
    pub(crate) fn start(starter: &Starter, machines: u32) -> Result<Self> {
        Ok(Self {
            ipxe: Pair::start(starter, machines, Sequence::Ipxe)?,
            boot: Pair::start(starter, machines, Sequence::Boot)?,
        })
    }
}

impl Pair {
    /// Starts both.
    pub(crate) fn start(starter: &Starter, machines: u32, sequence: Sequence) -> Result<Self> {
        let room = Room { machines, rules: RULES, image: sequence.image() };
        let ours = starter.ours("pxe-init-server", room, From::Database, sequence)?;
        let fixed = starter.yardstick(sequence, &ours.answers)?;
        Ok(Self { ours, fixed, sequence, machines })
    }

    /// Lets them take turns.
    pub(crate) fn compare(
        &self,
        effort: Effort,
        mode: Mode,
        progress: &mut dyn FnMut(&str),
    ) -> Result<Ratio> {
        let load = effort.flat_out(mode, self.machines, CONNECTIONS);
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
            cpu_range: super::range(&cpu),
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

/// Measures the ways in which machines ask.
pub(crate) fn run(pairs: &Pairs, effort: Effort, progress: &mut dyn FnMut(&str)) -> Result<Ratios> {
    let mut all = Vec::new();
    for (pair, mode) in
        [(&pairs.ipxe, Mode::NewConnection), (&pairs.ipxe, Mode::Kept), (&pairs.boot, Mode::KeepAlive)]
    {
        all.push(pair.compare(effort, mode, progress)?);
    }
    Ok(Ratios(all))
}

impl Ratios {
    /// What issue 4 asks of them.
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for ratio in self.0.iter().filter(|ratio| ratio.sequence == Sequence::Ipxe) {
            let (name, cpu, rate) = match ratio.mode {
                Mode::NewConnection => ("new connections", 1.10, 0.95),
                _ => ("kept connections", 1.35, 0.75),
            };
            let what = |what: &str| format!("{name}: {what} against a static answer");
            verdicts.push(Verdict::at_most(what("CPU of an answer"), ratio.cpu_ratio, cpu, "×"));
            verdicts.push(Verdict::at_least(what("answers a second"), ratio.rate_ratio, rate, "×"));
        }
        verdicts
    }
}

impl fmt::Display for Ratios {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| | bytes | static: µs | answers/s | ours: µs | answers/s | CPU ratio | lowest and highest | rate ratio |"
        )?;
        writeln!(f, "|---|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        for ratio in &self.0 {
            let what = match ratio.mode {
                Mode::Kept => "`/ipxe`, kept connections",
                Mode::NewConnection => "`/ipxe`, a new connection for each",
                Mode::KeepAlive | Mode::Storm => {
                    "`/boot.ipxe` and `/ipxe`, a new connection for each machine"
                }
            };
            writeln!(
                f,
                "| {what} | {} | {:.1} | {:.0} | {:.1} | {:.0} | {:.3} | {:.2}–{:.2} | {:.3} |",
                ratio.body_bytes,
                ratio.fixed.server_micros,
                ratio.fixed.rate,
                ratio.ours.server_micros,
                ratio.ours.rate,
                ratio.cpu_ratio,
                ratio.cpu_range.0,
                ratio.cpu_range.1,
                ratio.rate_ratio
            )?;
        }
        Ok(())
    }
}
