//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::load::Mode;
use crate::machine::MOST;
use crate::pace::Arrivals;
use crate::scenario::Scenario;
use crate::step::Sequence;

/// Asks as a room of machines asks, checks every answer, and measures what that costs the server.
#[derive(Parser, Debug)]
#[command(name = "pxe-init-load", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Ask once, in one way, and say what came of it
    Run(RunArgs),
    /// Measure what issue 4 asks for, in rounds that take turns
    Bench(BenchArgs),
    /// Give everybody the same answers: the yardstick
    StaticServer(StaticArgs),
}

/// The flags of `run`.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// Server to ask, which knows the machines; without it one is started, with a room of its own
    #[arg(long, value_name = "IP:PORT")]
    pub(crate) target: Option<SocketAddr>,
    /// Program to start [default: pxe-init-server beside this one]
    #[arg(long, value_name = "FILE", conflicts_with = "target")]
    pub(crate) server: Option<PathBuf>,
    /// Program that fills its database [default: pxe-init-client beside the server]
    #[arg(long, value_name = "FILE", conflicts_with = "target")]
    pub(crate) client: Option<PathBuf>,
    /// Rules that the started server has
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) rules: u32,
    /// Start the server from its snapshot file, as while its database is away; faster with many machines
    #[arg(long, conflicts_with = "target")]
    pub(crate) from_snapshot: bool,
    /// Machines
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    pub(crate) machines: u32,
    /// How connections are used
    #[arg(long, value_enum, default_value_t = Mode::KeepAlive)]
    pub(crate) mode: Mode,
    /// What each machine asks
    #[arg(long, value_enum, default_value_t = Sequence::Boot)]
    pub(crate) sequence: Sequence,
    /// Machines a second: a number, "max" (each connection asks again as soon as it was answered), or "3x" of that; not
    /// used by storm
    #[arg(long, value_name = "N|max|Nx", default_value = "max")]
    pub(crate) rate: AskedRate,
    /// How machines follow each other at a rate
    #[arg(long, value_enum, default_value_t = Arrivals::Poisson)]
    pub(crate) arrivals: Arrivals,
    /// Connections at once at the rate "max"
    #[arg(long, short = 'c', value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) connections: u32,
    /// Seconds to go on; not used by storm
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    pub(crate) duration: f64,
    /// Seconds to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    pub(crate) timeout: f64,
    /// Ask again after the time that a refusal names, as iPXE does
    #[arg(long)]
    pub(crate) retry: bool,
    /// Threads that ask [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) threads: Option<u32>,
    /// How to print
    #[arg(long, short = 'o', value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

/// The flags of `bench`.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// Program to measure [default: pxe-init-server beside this one]
    #[arg(long, value_name = "FILE")]
    pub(crate) server: Option<PathBuf>,
    /// Program that fills its databases [default: pxe-init-client beside the server]
    #[arg(long, value_name = "FILE")]
    pub(crate) client: Option<PathBuf>,
    /// Measure only these
    #[arg(long, value_enum, value_name = "SCENARIO", value_delimiter = ',')]
    pub(crate) only: Vec<Scenario>,
    /// Fewer and shorter rounds, and no million machines: for a first look
    #[arg(long)]
    pub(crate) quick: bool,
    /// Machines of the site, except where their number is what is measured
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
    pub(crate) machines: u32,
    /// Rounds that take turns [default: 11, or 3 with --quick]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: Option<u32>,
    /// Seconds of one turn [default: 2, or 1 with --quick]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) turn: Option<f64>,
    /// Write the report that docs/performance.md is to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) document: Option<PathBuf>,
    /// What criterion printed, for the report
    #[arg(long, value_name = "FILE", requires = "document")]
    pub(crate) criterion: Option<PathBuf>,
    /// How to print
    #[arg(long, short = 'o', value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

/// The flags of `static-server`.
#[derive(Args, Debug)]
pub(crate) struct StaticArgs {
    /// The answers, as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Text,
    /// For programs
    Json,
}

/// A rate as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum AskedRate {
    /// As fast as connections can.
    Max,
    /// Machines a second.
    PerSecond(f64),
    /// Times that which `Max` reaches.
    Times(f64),
}

impl std::str::FromStr for AskedRate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let (number, make): (_, fn(f64) -> Self) = match text.strip_suffix('x') {
            Some(times) => (times, Self::Times),
            None => (text, Self::PerSecond),
        };
        match number.parse() {
            Ok(number) if number > 0.0 && number < 1e7 => Ok(make(number)),
            _ => Err(
                "give a number of machines a second, such as 5000, or max, or a multiple of max, such as 3x"
                    .to_owned(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rates() {
        assert_eq!("max".parse(), Ok(AskedRate::Max));
        assert_eq!("250.5".parse(), Ok(AskedRate::PerSecond(250.5)));
        assert_eq!("0.5x".parse(), Ok(AskedRate::Times(0.5)));
        for wrong in ["", "x", "0", "-1", "1e9", "NaN", "maximum", "3 x"] {
            assert!(wrong.parse::<AskedRate>().is_err(), "{wrong}");
        }
    }
}
