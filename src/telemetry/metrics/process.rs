//! What the process uses, under the names that all Prometheus clients give it. Read from `/proc` (proc(5)) at each scrape;
//! what is not there is left out.

use std::fmt;
use std::fs;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

/// Ticks of `/proc/PID/stat` a second: USER_HZ, which is 100 on every architecture that we build for.
const TICKS: f64 = 100.0;

/// The place of `utime` in `/proc/PID/stat`, counted from the field after the name of the command.
const UTIME: usize = 11;

/// The place of `starttime`, counted alike.
const STARTTIME: usize = 19;

/// To `registry`, which has no prefix.
pub(super) fn register(registry: &mut Registry) {
    registry.register_collector(Box::new(Process { started: started() }));
}

#[derive(Debug)]
struct Process {
    started: Option<f64>,
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut gauge = |name: &str, help: &str, value: Option<f64>| match value.map(ConstGauge::new) {
            Some(gauge) => gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?),
            None => Ok(()),
        };
        gauge("process_start_time_seconds", "When the process started", self.started)?;
        gauge("process_open_fds", "Open file descriptors", open_fds())?;
        gauge("process_max_fds", "The most file descriptors that may be open", max_fds())?;
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        gauge("process_resident_memory_bytes", "Resident memory", kibibytes(&status, "VmRSS:"))?;
        gauge("process_virtual_memory_bytes", "Virtual memory", kibibytes(&status, "VmSize:"))?;
        if let Some(seconds) = cpu_seconds() {
            let (name, help) = ("process_cpu_seconds", "Time on the CPU, in user and system mode");
            let counter = ConstCounter::new(seconds);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        Ok(())
    }
}

/// The fields of `/proc/self/stat` after the name of the command, which may have spaces.
fn stat() -> Option<Vec<String>> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    Some(stat.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

fn cpu_seconds() -> Option<f64> {
    let fields = stat()?;
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(UTIME)? + ticks(UTIME + 1)?) / TICKS)
}

fn started() -> Option<f64> {
    let after_boot = stat()?.get(STARTTIME)?.parse::<f64>().ok()? / TICKS;
    let system = fs::read_to_string("/proc/stat").ok()?;
    let booted = system.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse::<f64>().ok()?;
    Some(booted + after_boot)
}

fn open_fds() -> Option<f64> {
    // One of them is the directory that is being read.
    Some(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1) as f64)
}

fn max_fds() -> Option<f64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let soft =
        limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?;
    soft.parse().ok()
}

fn kibibytes(status: &str, key: &str) -> Option<f64> {
    let value = status.lines().find_map(|line| line.strip_prefix(key))?.split_whitespace().next()?;
    Some(value.parse::<f64>().ok()? * 1024.0)
}
