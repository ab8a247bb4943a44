//! The load tool: asks as a room of machines asks, and measures what that costs the server.
//!
//! `docs/performance.md` says how to use it, and what came out.

mod bench;
mod cli;
mod computer;
mod connection;
mod document;
mod failure;
mod histogram;
mod interrupt;
mod load;
mod machine;
mod measure;
mod pace;
mod performance;
mod process;
mod report;
mod room;
mod scenario;
mod site;
mod static_server;
mod step;
mod tally;
mod target;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum};

use cli::{AskedRate, BenchArgs, Cli, Command, Output, RunArgs, StaticArgs};
use failure::{Doing, Failure, Result};
use load::{Load, Mode, Rate};
use measure::measure;
use performance::Document;
use report::Report;
use room::Room;
use scenario::{Effort, Scenario};
use site::{From, Site, Starter};
use target::Target;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Run(args) => run(&args),
        Command::Bench(args) => bench(&args),
        Command::StaticServer(args) => static_server(&args),
    };
    match result {
        Ok(code) => code,
        Err(failure) => {
            say(&format!("error: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &RunArgs) -> Result<ExitCode> {
    interrupt::listen()?;
    let most_open = most_open()?;
    let threads = args.threads.unwrap_or_else(cores);
    let mut load = Load {
        target: Arc::default(),
        mode: args.mode,
        machines: args.machines,
        rate: Rate::Max,
        arrivals: args.arrivals,
        connections: args.connections,
        duration: seconds("--duration", args.duration)?,
        timeout: seconds("--timeout", args.timeout)?,
        retry: args.retry,
        threads,
        most_open,
    };
    let site = match args.target {
        Some(address) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.doing(|| "can not ask".to_owned())?;
            load.target = runtime.block_on(Target::learn(address, args.sequence, args.machines))?.0.into();
            None
        }
        None => {
            let site = start(args)?;
            load.target = site.target.clone();
            Some(site)
        }
    };
    load.rate = match args.rate {
        AskedRate::PerSecond(rate) => Rate::PerSecond(rate),
        AskedRate::Times(times) if args.mode != Mode::Storm => {
            let most = measure(&load, site.as_ref())?.rate / load.target.questions.len() as f64;
            say(&format!("max is {most:.0} machines/s; {times} times that is {:.0}/s", times * most));
            Rate::PerSecond(times * most)
        }
        AskedRate::Times(_) | AskedRate::Max => Rate::Max,
    };
    let measured = measure(&load, site.as_ref())?;
    let report = Report::new(&load, &measured);
    print(args.output, &report)?;
    Ok(if report.counts.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn start(args: &RunArgs) -> Result<Site> {
    let room = Room { machines: args.machines, rules: args.rules, image: args.sequence.image() };
    let from = if args.from_snapshot { From::SnapshotFile } else { From::Database };
    starter(args.server.as_deref(), args.client.as_deref())?.ours(
        "pxe-init-server",
        room,
        from,
        args.sequence,
    )
}

fn bench(args: &BenchArgs) -> Result<ExitCode> {
    interrupt::listen()?;
    let effort = Effort {
        quick: args.quick,
        machines: args.machines,
        rounds: args.rounds.unwrap_or(if args.quick { 3 } else { 11 }),
        turn: seconds("--turn", args.turn.unwrap_or(if args.quick { 1.0 } else { 2.0 }))?,
        threads: cores(),
        most_open: most_open()?,
    };
    let starter = starter(args.server.as_deref(), args.client.as_deref())?;
    let scenarios = if args.only.is_empty() { Scenario::value_variants() } else { &args.only };
    // Read before minutes are spent.
    let document = Document::new(args.criterion.as_deref())?;
    let results = bench::run(&starter, scenarios, effort, &mut |line| say(line))?;
    if let Some(path) = &args.document {
        document.write(&results, path)?;
    }
    print(args.output, &results)?;
    Ok(ExitCode::SUCCESS)
}

fn static_server(args: &StaticArgs) -> Result<ExitCode> {
    // As that of our server: see src/bin/pxe-init-server.rs.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.doing(|| "can not serve".to_owned())?;
    runtime.block_on(static_server::serve(&args.answers, args.listen))?;
    Ok(ExitCode::SUCCESS)
}

fn starter(server: Option<&Path>, client: Option<&Path>) -> Result<Starter> {
    let this = std::env::current_exe().doing(|| "can not tell where this program is".to_owned())?;
    let absolute = |path: &Path| std::path::absolute(path).doing(|| format!("{} is no path", path.display()));
    let server = server.map_or_else(|| Ok(this.with_file_name("pxe-init-server")), absolute)?;
    let client = client.map_or_else(|| Ok(server.with_file_name("pxe-init-client")), absolute)?;
    Starter::new(server, client)
}

fn cores() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(cores).unwrap_or(u32::MAX)
}

/// How many connections may be open at once: less what else takes files, here and in a server. `scripts/load` raises the limit
/// as far as it goes.
fn most_open() -> Result<u32> {
    const OTHERS: u32 = 200;
    Ok(process::most_files()?.saturating_sub(OTHERS).max(1))
}

fn seconds(flag: &str, seconds: f64) -> Result<Duration> {
    let problem = || {
        Failure(format!("{flag}: {seconds} is no number of seconds that can be waited; give 0.001 to 3600"))
    };
    if !(0.001..=3600.0).contains(&seconds) {
        return Err(problem());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| problem())
}

#[expect(clippy::print_stdout, reason = "this is the command line")]
fn print<T: serde::Serialize + std::fmt::Display>(output: Output, result: &T) -> Result<()> {
    match output {
        Output::Text => print!("{result}"),
        Output::Json => {
            let text = serde_json::to_string_pretty(result);
            println!("{}", text.doing(|| "the result can not be written as JSON".to_owned())?);
        }
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "this is the command line")]
fn say(line: &str) {
    eprintln!("{line}");
}
