//! `bench`: the scenarios one after the other, and what came of them.

use std::fmt;

use serde::Serialize;

use crate::computer::Computer;
use crate::failure::Result;
use crate::scenario::burst::Burst;
use crate::scenario::flat::Sizes;
use crate::scenario::pressure::Pressure;
use crate::scenario::ratio::{Pairs, Ratios};
use crate::scenario::verdict::Verdict;
use crate::scenario::{Effort, Scenario, burst, flat, pressure, ratio};
use crate::site::Starter;

/// What came of the scenarios that were asked for.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    /// On what.
    pub(crate) computer: Computer,
    /// Whether rounds were few and short.
    pub(crate) quick: bool,
    /// How many rounds took turns.
    pub(crate) rounds: u32,
    /// Against static answers.
    pub(crate) ratio: Option<Ratios>,
    /// All machines at once.
    pub(crate) burst: Option<Burst>,
    /// More than the server can answer.
    pub(crate) pressure: Option<Pressure>,
    /// Against other numbers of machines and rules.
    pub(crate) flat: Option<Sizes>,
    /// Figures beside their targets.
    pub(crate) verdicts: Vec<Verdict>,
}

/// Measures `scenarios`.
pub(crate) fn run(
    starter: &Starter,
    scenarios: &[Scenario],
    effort: Effort,
    progress: &mut dyn FnMut(&str),
) -> Result<Results> {
    let mut results = Results {
        computer: Computer::this(),
        quick: effort.quick,
        rounds: effort.rounds,
        ratio: None,
        burst: None,
        pressure: None,
        flat: None,
        verdicts: Vec::new(),
    };
    if scenarios.iter().any(|scenario| *scenario != Scenario::Flat) {
        let pairs = Pairs::start(starter, effort.machines)?;
        for scenario in scenarios {
            match scenario {
                Scenario::Ratio => results.ratio = Some(ratio::run(&pairs, effort, progress)?),
                Scenario::Burst => results.burst = Some(burst::run(&pairs.boot, effort, progress)?),
                Scenario::Pressure => results.pressure = Some(pressure::run(&pairs.ipxe, effort, progress)?),
                Scenario::Flat => {}
            }
        }
    }
    // By itself, since a million machines take much memory.
    if scenarios.contains(&Scenario::Flat) {
        results.flat = Some(flat::run(starter, effort, progress)?);
    }
    results.verdicts = [
        results.ratio.as_ref().map(Ratios::verdicts),
        results.flat.as_ref().map(Sizes::verdicts),
        results.burst.as_ref().map(Burst::verdicts),
        results.pressure.as_ref().map(Pressure::verdicts),
    ]
    .into_iter()
    .flatten()
    .flatten()
    .collect();
    Ok(results)
}

impl Results {
    /// The verdicts as a table.
    pub(crate) fn verdict_table(&self) -> String {
        let mut table = "| | target | measured | |\n|---|---:|---:|---|\n".to_owned();
        for verdict in &self.verdicts {
            table += &format!("{verdict}\n");
        }
        table
    }

    /// The scenarios' tables, each with its name; none where one was not measured.
    pub(crate) fn tables(&self) -> [(&'static str, Option<String>); 4] {
        [
            ("ratio", self.ratio.as_ref().map(ToString::to_string)),
            ("burst", self.burst.as_ref().map(ToString::to_string)),
            ("pressure", self.pressure.as_ref().map(ToString::to_string)),
            ("flat", self.flat.as_ref().map(ToString::to_string)),
        ]
    }
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.computer)?;
        for (name, table) in self.tables() {
            if let Some(table) = table {
                writeln!(f, "{name}\n\n{table}")?;
            }
        }
        write!(f, "{}", self.verdict_table())
    }
}
