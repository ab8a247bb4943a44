//! The server: what machines and operators talk to.

use std::process::ExitCode;

use clap::Parser;
use pxe_init::server::{Cli, run};

#[tokio::main]
async fn main() -> ExitCode {
    run(Cli::parse()).await
}
