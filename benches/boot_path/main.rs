//! What resolving, rendering and keeping the catalog cost. `docs/performance.md` says what came out.
//!
//! `make bench-criterion` runs all of it and prints a table; with `ARGS=resolve` what has `resolve` in its name, and
//! `ARGS='--save-baseline NAME'` is one of criterion's many options.

#![allow(clippy::print_stdout, reason = "a benchmark prints what it found")]
#![allow(clippy::unwrap_used, reason = "a benchmark that can not go on panics")]

mod bombs;
mod catalog;
mod database;
mod flat;
mod measure;
mod plan;
mod room;
mod start;
mod steps;
mod table;
mod telling;

use std::path::Path;
use std::time::Duration;

use criterion::Criterion;
use measure::CpuTime;

fn main() {
    if start::is_asked_for() {
        start::run();
        return;
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("criterion");
    let table = table::Table::new(&directory);
    // Two seconds each tell enough, and keep a whole run at a few minutes.
    let criterion = || {
        let criterion = Criterion::default().output_directory(&directory);
        criterion.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2))
    };
    let mut on_cpu = criterion().with_measurement(CpuTime).configure_from_args();
    steps::benches(&mut on_cpu);
    catalog::benches(&mut on_cpu);
    bombs::benches(&mut on_cpu);
    telling::benches(&mut on_cpu);
    // A load waits for the database, and that is what an operator waits for.
    database::benches(&mut criterion().configure_from_args());
    plan::benches(&mut criterion().configure_from_args());
    table.print();
    if flat::is_asked_for() {
        flat::run();
    }
}
