//! Machines that come whether those before were answered or not: at half the rate that saturates the server, and at
//! three times that rate; each question on a new connection.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::Effort;
use super::ratio::Pair;
use super::verdict::Verdict;
use crate::failure::Result;
use crate::load::{Load, Mode, Rate};
use crate::measure::{Measured, measure, measure_good, median};
use crate::tally::{Counts, Latency};

const CONNECTIONS: u32 = 64;

/// The rates, as multiples of the one that saturates.
const HALF: f64 = 0.5;
const TRIPLE: f64 = 3.0;

/// How long the questions of a multiple of the rate come.
const LASTS: Duration = Duration::from_secs(10);

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Pressure {
    /// Good answers a second at the most.
    most: f64,
    /// At each multiple.
    at: Vec<At>,
}

/// What came of one multiple of the rate.
#[derive(Clone, Debug, Serialize)]
struct At {
    times: f64,
    /// Questions a second that were due.
    due_per_second: f64,
    /// Questions a second that were really asked; the load tool shares the cores with the server.
    asked_per_second: f64,
    good_per_second: f64,
    counts: Counts,
    /// From due to the good answer, in ms.
    good_ms: Option<Latency>,
    /// From asked to answered or refused, in ms.
    asked_ms: Option<Latency>,
    /// From due to asked, in ms.
    late_ms: Option<Latency>,
    problems: Vec<String>,
}

/// Measures it.
pub(crate) fn run(pair: &Pair, effort: Effort, progress: &mut dyn FnMut(&str)) -> Result<Pressure> {
    let flat_out = effort.flat_out(Mode::NewConnection, pair.machines, CONNECTIONS);
    let rates = (0..effort.rounds.min(5)).map(|_| Ok(measure_good(&flat_out, &pair.ours)?.rate));
    let most = median(rates.collect::<Result<_>>()?);
    progress(&format!("saturated at {most:.0} answers/s"));
    let mut at = Vec::new();
    for times in [HALF, TRIPLE] {
        let rate = Rate::PerSecond(times * most);
        let load = Load { rate, duration: LASTS, ..flat_out.clone() };
        let result = At::of(times, times * most, &measure(&load, Some(&pair.ours))?);
        progress(&format!(
            "{times} times that: {:.0} good answers/s, {:?}",
            result.good_per_second, result.counts
        ));
        at.push(result);
        // What was not answered must not burden the next.
        std::thread::sleep(Duration::from_secs(2));
    }
    Ok(Pressure { most, at })
}

impl At {
    fn of(times: f64, due_per_second: f64, measured: &Measured) -> Self {
        let tally = &measured.run.tally;
        let counts = tally.counts;
        let asked = counts.answered() + counts.failed() - counts.not_asked;
        Self {
            times,
            due_per_second,
            asked_per_second: asked as f64 / measured.run.took.as_secs_f64(),
            good_per_second: measured.rate,
            counts,
            good_ms: tally.good(),
            asked_ms: tally.asked(),
            late_ms: tally.late(),
            problems: tally.problems().to_vec(),
        }
    }
}

impl Pressure {
    /// What issue 4 asks of it.
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for at in &self.at {
            let ms = |latency: Option<Latency>, of: fn(Latency) -> f64| latency.map_or(f64::NAN, of);
            if at.times < 1.0 {
                let what = "half the saturating rate: p99 from when a question was due";
                verdicts.push(Verdict::below(what, ms(at.good_ms, |l| l.p99), 10.0, " ms"));
                continue;
            }
            let what = "three times the saturating rate: the longest until answered or refused";
            verdicts.push(Verdict::at_most(what, ms(at.asked_ms, |l| l.max) / 1e3, 2.0, " s"));
            let failed = at.counts.wrong + at.counts.reset + at.counts.timed_out + at.counts.connect_failed;
            let what = "three times the saturating rate: neither answered nor refused";
            verdicts.push(Verdict::at_most(what, failed as f64, 0.0, ""));
            let what = "three times the saturating rate: good answers a second against the most";
            verdicts.push(Verdict::at_least(what, at.good_per_second / self.most, 0.8, "×"));
        }
        verdicts
    }
}

impl fmt::Display for Pressure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Saturated: {:.0} good answers a second.\n", self.most)?;
        writeln!(
            f,
            "| times that | due/s | asked/s | good/s | refused | failed | not asked | p50 | p99 | p99.9 | longest from due | \
             longest from asked | load tool late, p99 |"
        )?;
        writeln!(f, "|{}", "---:|".repeat(13))?;
        for at in &self.at {
            let ms = |value: Option<f64>| value.map_or("–".to_owned(), |ms| format!("{ms:.1} ms"));
            writeln!(
                f,
                "| {} | {:.0} | {:.0} | {:.0} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
                at.times,
                at.due_per_second,
                at.asked_per_second,
                at.good_per_second,
                at.counts.refused,
                at.counts.failed() - at.counts.not_asked,
                at.counts.not_asked,
                ms(at.good_ms.map(|l| l.p50)),
                ms(at.good_ms.map(|l| l.p99)),
                ms(at.good_ms.map(|l| l.p999)),
                ms(at.good_ms.map(|l| l.max)),
                ms(at.asked_ms.map(|l| l.max)),
                ms(at.late_ms.map(|l| l.p99)),
            )?;
        }
        self.at.iter().flat_map(|at| &at.problems).try_for_each(|problem| writeln!(f, "\n- {problem}"))
    }
}
