//! Manual pages, made of the grammar of a command line.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command};

/// Write the manual pages, one for each command
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Directory for them, such as /usr/local/share/man/man1; it is made if it is not there
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    directory: PathBuf,
}

/// Writes the pages of a program and of each of its commands.
///
/// # Errors
/// What could not be written, and why.
pub fn write(program: Command, args: &ManArgs) -> Result<(), String> {
    let directory: &Path = &args.directory;
    let at = |error: io::Error| format!("{}: {error}", directory.display());
    fs::create_dir_all(directory).map_err(at)?;
    // `help` of a program is in its pages already, and would make as many again.
    clap_mangen::generate_to(program.disable_help_subcommand(true), directory).map_err(at)
}
