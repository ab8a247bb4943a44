//! One run against one server: what came of it, and what it cost.

use std::time::Duration;

use crate::failure::{Doing, Failure, Result};
use crate::interrupt;
use crate::load::{Load, Run};
use crate::process::Usage;
use crate::site::Site;

/// What a server does after the last answer, such as writing its journal, is a part of what answers cost.
const SETTLE: Duration = Duration::from_millis(200);

/// What a run cost.
#[derive(Debug)]
pub(crate) struct Measured {
    /// What came of it.
    pub(crate) run: Run,
    /// CPU time of the server for each question that was answered or refused, in µs, where the server is ours to ask.
    pub(crate) server_micros: Option<f64>,
    /// Resident memory of the server at the end, in bytes.
    pub(crate) resident: Option<u64>,
    /// CPU time of this tool for each such question, in µs.
    pub(crate) tool_micros: f64,
    /// Good answers a second.
    pub(crate) rate: f64,
}

/// Does `load`, to the server of `site` where that is given.
pub(crate) fn measure(load: &Load, site: Option<&Site>) -> Result<Measured> {
    interrupt::check()?;
    let usage = || site.map(Site::usage).transpose();
    let load = Load { target: site.map_or(&load.target, |site| &site.target).clone(), ..load.clone() };
    let (server_before, tool_before) = (usage()?, Usage::of("self")?);
    let run = load.run().doing(|| "the load could not be made".to_owned())?;
    interrupt::check()?;
    let tool = Usage::of("self")?.cpu - tool_before.cpu;
    if site.is_some() {
        std::thread::sleep(SETTLE);
    }
    let server = usage()?;
    let answered = run.tally.counts.answered();
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / answered as f64;
    let server_cpu = server.zip(server_before).map(|(after, before)| after.cpu - before.cpu);
    let rate = run.tally.counts.good as f64 / run.took.as_secs_f64();
    Ok(Measured {
        server_micros: server_cpu.map(each),
        resident: server.map(|usage| usage.resident),
        tool_micros: each(tool),
        rate,
        run,
    })
}

/// The same, where every answer must be good.
pub(crate) fn measure_good(load: &Load, site: &Site) -> Result<Measured> {
    let measured = measure(load, Some(site))?;
    let counts = measured.run.tally.counts;
    if counts.good == 0 || counts.failed() + counts.refused > 0 {
        return Err(Failure(format!(
            "{}: not every answer was good: {counts:?}; {:?}",
            site.server.name,
            measured.run.tally.problems()
        )));
    }
    Ok(measured)
}

impl Measured {
    /// CPU time of the server for an answer, in µs; not a number where it is not known.
    pub(crate) fn server(&self) -> f64 {
        self.server_micros.unwrap_or(f64::NAN)
    }
}

/// The middle one; of an even number the upper of the two.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
