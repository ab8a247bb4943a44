//! Whether an answer costs the same however many machines and rules there are; and the memory and the start of a
//! server with a million machines.
//!
//! All servers run at once and take turns. They serve from their snapshot files while their database is away: to
//! store a million machines would take longer than all the rest.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::Effort;
use super::verdict::Verdict;
use crate::failure::{Failure, Result};
use crate::load::Mode;
use crate::measure::{measure_good, median};
use crate::room::Room;
use crate::site::{From, Site, Starter};
use crate::step::Sequence;

/// Few, so that not one of them waits for another's packet.
const CONNECTIONS: u32 = 32;

/// What a server does after its start, such as giving memory back, is over by then.
const SETTLE: Duration = Duration::from_secs(3);

/// The machines and rules of each server; the first is what the others are compared with.
const ROOMS: [(u32, u32); 4] = [(1, 1), (100_000, 1), (1_000_000, 1), (1, 10_000)];

/// The same with less patience.
const QUICK_ROOMS: [(u32, u32); 3] = [(1, 1), (100_000, 1), (1, 10_000)];

/// One server, compared with the first.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Size {
    machines: u32,
    rules: u32,
    /// From the start of the process until it was ready, in seconds.
    start_seconds: f64,
    /// CPU time until then, in seconds; more than that where it used several cores.
    start_cpu_seconds: f64,
    /// Resident memory after the start, in bytes.
    resident_bytes: u64,
    /// CPU time of an answer on kept connections, in µs.
    kept_micros: f64,
    /// The same divided by that of the first, the median over rounds.
    kept_ratio: f64,
    /// On new connections.
    new_micros: f64,
    /// The same divided by that of the first, the median over rounds.
    new_ratio: f64,
}

/// All of them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sizes(pub(crate) Vec<Size>);

/// Measures them.
pub(crate) fn run(starter: &Starter, effort: Effort, progress: &mut dyn FnMut(&str)) -> Result<Sizes> {
    let rooms = if effort.quick { QUICK_ROOMS.as_slice() } else { &ROOMS };
    let mut sites = Vec::new();
    for (machines, rules) in rooms {
        let name = format!("the server with {machines} machines and {rules} rules");
        let room = Room { machines: *machines, rules: *rules, image: "linux" };
        let site = starter.ours(&name, room, From::SnapshotFile, Sequence::Ipxe)?;
        progress(&format!("{name} was ready in {:.2} s", site.started_within.as_secs_f64()));
        sites.push((room, site));
    }
    std::thread::sleep(SETTLE);
    let resident = sites.iter().map(|(_, site)| Ok(site.usage()?.resident)).collect::<Result<Vec<_>>>()?;
    let kept = compare(&sites, effort, Mode::Kept, progress)?;
    let new = compare(&sites, effort, Mode::NewConnection, progress)?;
    let sizes = sites.iter().enumerate().map(|(i, (room, site))| Size {
        machines: room.machines,
        rules: room.rules,
        start_seconds: site.started_within.as_secs_f64(),
        start_cpu_seconds: site.start_cpu.as_secs_f64(),
        resident_bytes: resident[i],
        kept_micros: kept[i].0,
        kept_ratio: kept[i].1,
        new_micros: new[i].0,
        new_ratio: new[i].1,
    });
    Ok(Sizes(sizes.collect()))
}

/// The CPU time of each, and what it is of the first's.
fn compare(
    sites: &[(Room, Site)],
    effort: Effort,
    mode: Mode,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<(f64, f64)>> {
    let mut micros = vec![Vec::new(); sites.len()];
    for round in 0..=effort.rounds {
        let mut said = Vec::new();
        for ((room, site), micros) in sites.iter().zip(&mut micros) {
            let load = effort.flat_out(mode, room.machines, CONNECTIONS);
            let measured = measure_good(&load, site)?.server();
            said.push(format!("{measured:.1}"));
            // The first round warms caches, and does not count.
            if round > 0 {
                micros.push(measured);
            }
        }
        progress(&format!("{mode:?} {round}/{}: {} µs", effort.rounds, said.join(", ")));
    }
    let first = micros.first().cloned().ok_or_else(|| Failure("there is no server to compare".to_owned()))?;
    let result = micros.into_iter().map(|micros| {
        let ratios = micros.iter().zip(&first).map(|(micros, first)| micros / first).collect();
        (median(micros), median(ratios))
    });
    Ok(result.collect())
}

impl Sizes {
    fn size(&self, machines: u32, rules: u32) -> Option<&Size> {
        self.0.iter().find(|size| (size.machines, size.rules) == (machines, rules))
    }

    /// Resident memory of each machine of the largest, in bytes.
    pub(crate) fn bytes_a_machine(&self) -> Option<f64> {
        let (bare, full) = (self.size(1, 1)?, self.size(1_000_000, 1)?);
        Some(
            (full.resident_bytes as f64 - bare.resident_bytes as f64)
                / f64::from(full.machines - bare.machines),
        )
    }

    /// What issue 4 asks of them.
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        let bounds = [
            ("100,000 machines", self.size(100_000, 1), 1.05),
            ("10,000 rules", self.size(1, 10_000), 1.05),
            ("1,000,000 machines", self.size(1_000_000, 1), 1.10),
        ];
        for (what, size, most) in bounds {
            if let Some(size) = size {
                let title = |how: &str| {
                    format!("{what}, {how} connections: CPU of an answer against 1 machine, 1 rule")
                };
                verdicts.push(Verdict::at_most(title("new"), size.new_ratio, most, "×"));
                verdicts.push(Verdict::at_most(title("kept"), size.kept_ratio, most, "×"));
            }
        }
        if let (Some(bytes), Some(size)) = (self.bytes_a_machine(), self.size(1_000_000, 1)) {
            verdicts.push(Verdict::below(
                "resident memory of each of 1,000,000 machines",
                bytes,
                400.0,
                " bytes",
            ));
            let title = "start to ready from the snapshot file with 1,000,000 machines";
            verdicts.push(Verdict::below(title, size.start_seconds, 5.0, " s"));
        }
        verdicts
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| machines | rules | kept: µs | ratio | new: µs | ratio | resident MiB | start to ready | its CPU time |"
        )?;
        writeln!(f, "|---:|---:|---:|---:|---:|---:|---:|---:|---:|")?;
        for size in &self.0 {
            writeln!(
                f,
                "| {} | {} | {:.1} | {:.3} | {:.1} | {:.3} | {:.0} | {:.2} s | {:.2} s |",
                size.machines,
                size.rules,
                size.kept_micros,
                size.kept_ratio,
                size.new_micros,
                size.new_ratio,
                size.resident_bytes as f64 / f64::from(1 << 20),
                size.start_seconds,
                size.start_cpu_seconds
            )?;
        }
        Ok(())
    }
}
