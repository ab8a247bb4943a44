//! On what was measured.

use std::fmt;
use std::fs;

use serde::Serialize;

/// What a reader has to know of this computer.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Computer {
    /// The processor's name, as it tells it.
    processor: String,
    cores: usize,
    memory_gib: u64,
    /// The system's version.
    kernel: String,
    /// How many others wanted to run when the measurement began: the load of the last minute.
    busy: String,
}

impl Computer {
    /// This one.
    pub(crate) fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, key: &str| {
            let line = text.lines().find(|line| line.starts_with(key));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let kib = memory.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
        let unknown = || "unknown".to_owned();
        Self {
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: kib.unwrap_or_default() >> 20,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            busy: read("/proc/loadavg").split(' ').next().map_or_else(unknown, str::to_owned),
        }
    }
}

impl fmt::Display for Computer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processor, cores, memory_gib, kernel, busy } = self;
        write!(
            f,
            "{cores} cores of {processor}, {memory_gib} GiB of memory, Linux {kernel}; load average {busy} when it began"
        )
    }
}
