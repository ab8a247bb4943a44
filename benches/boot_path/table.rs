//! What criterion measured, as a table that a person can read.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

/// Prints what was measured since it was made.
pub(crate) struct Table {
    directory: PathBuf,
    before: Option<SystemTime>,
}

struct Row {
    group: String,
    name: String,
    median: f64,
    /// The interval in which the median lies with 95 % confidence.
    interval: (f64, f64),
    written: SystemTime,
}

impl Table {
    pub(crate) fn new(directory: &Path) -> Self {
        let newest = rows(directory).map(|row| row.written).max();
        Self { directory: directory.to_owned(), before: newest }
    }

    pub(crate) fn print(&self) {
        let mut rows: Vec<_> = rows(&self.directory).filter(|row| Some(row.written) > self.before).collect();
        rows.sort_by_key(|row| row.written);
        let mut group = "";
        for row in &rows {
            if row.group != group {
                group = &row.group;
                println!("\n{group}");
                println!("  {:<45} {:>10} {:>23}", "", "median", "95 %");
            }
            let interval = format!("{} … {}", nanoseconds(row.interval.0), nanoseconds(row.interval.1));
            println!("  {:<45} {:>10} {interval:>23}", row.name, nanoseconds(row.median));
        }
    }
}

/// `directory/GROUP/NAME/new/{benchmark,estimates}.json`
fn rows(directory: &Path) -> impl Iterator<Item = Row> {
    let entries =
        |path: PathBuf| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    entries(directory.to_owned()).flat_map(entries).filter_map(|path| row(&path.join("new")))
}

fn row(path: &Path) -> Option<Row> {
    let read =
        |name: &str| -> Option<Value> { serde_json::from_slice(&fs::read(path.join(name)).ok()?).ok() };
    let (benchmark, estimates) = (read("benchmark.json")?, read("estimates.json")?);
    let median = &estimates["median"];
    let bounds = &median["confidence_interval"];
    Some(Row {
        group: benchmark["group_id"].as_str()?.to_owned(),
        name: benchmark["function_id"].as_str()?.to_owned(),
        median: median["point_estimate"].as_f64()?,
        interval: (bounds["lower_bound"].as_f64()?, bounds["upper_bound"].as_f64()?),
        written: fs::metadata(path.join("estimates.json")).ok()?.modified().ok()?,
    })
}

/// A duration in the unit that suits it.
pub(crate) fn nanoseconds(ns: f64) -> String {
    let (value, unit) = match ns {
        ..1e3 => (ns, "ns"),
        ..1e6 => (ns / 1e3, "µs"),
        ..1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    let digits = if value < 10.0 {
        2
    } else if value < 100.0 {
        1
    } else {
        0
    };
    format!("{value:.digits$} {unit}")
}
