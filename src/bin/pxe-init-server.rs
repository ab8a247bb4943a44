//! The server: what machines and operators talk to.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;
use pxe_init::server::{Cli, run};

/// What one thread makes of a boot, another lets go of: the journal, the log. The allocator of the C library takes its
/// locks for that, and keeps more memory.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    run(Cli::parse()).await
}
