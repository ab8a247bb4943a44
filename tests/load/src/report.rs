//! What came of one run, for people and for programs.

use std::fmt;

use serde::Serialize;

use crate::load::{Load, Mode, Rate};
use crate::measure::Measured;
use crate::step::Step;
use crate::tally::{Counts, Latency};

/// What came of one run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// How connections were used.
    pub(crate) mode: Mode,
    /// What each machine asked.
    pub(crate) questions: Vec<Step>,
    /// How many machines there are.
    pub(crate) machines: u32,
    /// How fast they asked; none of a storm.
    pub(crate) rate: Option<Rate>,
    /// From the first question to the last answer.
    pub(crate) seconds: f64,
    /// How many questions had each outcome.
    pub(crate) counts: Counts,
    /// Good answers a second.
    pub(crate) good_per_second: f64,
    /// From when a question was due to its good answer, in ms.
    pub(crate) good_ms: Option<Latency>,
    /// From when a question was due to its refusal, in ms.
    pub(crate) refused_ms: Option<Latency>,
    /// From when a question was asked to the answer or refusal, in ms: less what this tool was late.
    pub(crate) asked_ms: Option<Latency>,
    /// How much later than due questions were asked, in ms: what this tool, or the computer, was too slow.
    pub(crate) late_ms: Option<Latency>,
    /// CPU time of the server for an answer, in µs; none of a server that was not started here.
    pub(crate) server_cpu_micros: Option<f64>,
    /// CPU time of this tool for an answer, in µs.
    pub(crate) tool_cpu_micros: f64,
    /// Resident memory of the server, in bytes.
    pub(crate) server_resident_bytes: Option<u64>,
    /// The first problems.
    pub(crate) problems: Vec<String>,
}

impl Report {
    /// Of a run of `load`; the server's share where it is known.
    pub(crate) fn new(load: &Load, measured: &Measured) -> Self {
        let tally = &measured.run.tally;
        Self {
            mode: load.mode,
            questions: load.target.questions.iter().map(|(step, _)| *step).collect(),
            machines: load.machines,
            rate: (load.mode != Mode::Storm).then_some(load.rate),
            seconds: measured.run.took.as_secs_f64(),
            counts: tally.counts,
            good_per_second: measured.rate,
            good_ms: tally.good(),
            refused_ms: tally.refused(),
            asked_ms: tally.asked(),
            late_ms: tally.late(),
            server_cpu_micros: measured.server_micros,
            tool_cpu_micros: measured.tool_micros,
            server_resident_bytes: measured.resident,
            problems: tally.problems().to_vec(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let c = &self.counts;
        writeln!(f, "{} good answers in {:.2} s: {:.0}/s", c.good, self.seconds, self.good_per_second)?;
        writeln!(
            f,
            "{} refused, {} wrong, {} reset, {} timed out, {} connections failed, {} not asked",
            c.refused, c.wrong, c.reset, c.timed_out, c.connect_failed, c.not_asked
        )?;
        writeln!(f, "{:<34} {:>9} {:>9} {:>9} {:>9} {:>9}", "ms", "p50", "p90", "p99", "p99.9", "max")?;
        let rows = [
            ("due to good answer", self.good_ms),
            ("due to refusal", self.refused_ms),
            ("asked to answered", self.asked_ms),
            ("due to asked (the load tool late)", self.late_ms),
        ];
        for (name, latency) in rows {
            if let Some(Latency { p50, p90, p99, p999, max }) = latency {
                writeln!(f, "{name:<34} {p50:>9.3} {p90:>9.3} {p99:>9.3} {p999:>9.3} {max:>9.3}")?;
            }
        }
        if let Some(micros) = self.server_cpu_micros {
            writeln!(f, "CPU per answer: server {micros:.1} µs, load tool {:.1} µs", self.tool_cpu_micros)?;
        }
        if let Some(bytes) = self.server_resident_bytes {
            writeln!(f, "resident memory of the server: {:.1} MiB", bytes as f64 / f64::from(1 << 20))?;
        }
        self.problems.iter().try_for_each(|problem| writeln!(f, "  {problem}"))
    }
}
