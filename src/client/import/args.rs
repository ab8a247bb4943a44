//! The options of `import`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::client::cli::ReasonArgs;
use crate::client::pairs;

/// Take over what another system keeps: everything that can be translated, in one change, and a report of the rest
#[derive(Debug, Args)]
pub(in crate::client) struct ImportArgs {
    #[command(subcommand)]
    pub(super) command: ImportCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum ImportCommand {
    /// Images and machines of the first system, from its Postgres or a dump of that; deleted rows are left out
    #[command(after_help = "\
Examples:
  pxe-init-client import first-system --db-url postgres://pxe@db/pxe --dry-run
  pg_dump --data-only -t images -t machines pxe | pxe-init-client import first-system --dump -")]
    FirstSystem {
        /// URL of its database, which `pg_dump` reads; a password may also be in ~/.pgpass
        #[arg(long, value_name = "URL", env = "PXE_INIT_FIRST_SYSTEM_URL", hide_env_values = true)]
        db_url: Option<String>,
        /// Plain dump of the tables images and machines, as `pg_dump` writes it; - for standard input
        #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, conflicts_with = "db_url", required_unless_present = "db_url")]
        dump: Option<PathBuf>,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Groups, profiles and templates of matchbox, from its data directory
    #[command(after_help = "\
Examples:
  pxe-init-client import matchbox /var/lib/matchbox --dry-run
  pxe-init-client import matchbox /var/lib/matchbox --print > site.yaml")]
    Matchbox {
        /// Its data directory, with groups/ and profiles/
        #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
        directory: PathBuf,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Machines of a list; all of them, or none if anything in it is wrong
    ///
    /// The first line names the columns: name, mac (several with spaces between them), uuid, serial, hostname, image,
    /// label.KEY, param.KEY, template.KIND. An empty cell says nothing.
    #[command(after_help = "\
Example:
  pxe-init-client import csv racks.csv --label source=cmdb --dry-run")]
    Csv {
        /// The list; - for standard input
        #[arg(value_hint = clap::ValueHint::FilePath)]
        file: PathBuf,
        #[command(flatten)]
        how: HowArgs,
    },
}

/// How it is done.
#[derive(Debug, Args)]
pub(super) struct HowArgs {
    /// Check everything on the server, write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print manifests instead of sending anything; `apply -f` takes them
    #[arg(long, conflicts_with = "dry_run")]
    pub(super) print: bool,
    /// Write nothing if anything has no counterpart
    #[arg(long)]
    pub(super) strict: bool,
    /// Label that all of it gets; repeat for several
    #[arg(short = 'l', long = "label", id = "labels", value_name = "KEY=VALUE", value_parser = pairs::text)]
    pub(super) labels: Vec<(String, String)>,
    #[command(flatten)]
    pub(super) reason: ReasonArgs,
}
