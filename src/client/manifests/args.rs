//! The options of the commands on manifests.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::client::cli::ReasonArgs;
use crate::client::pairs;
use crate::domain::Noun;

/// Make the server's resources what manifests say, all of them or none
///
/// A manifest is a YAML or JSON document as `get -o yaml` and `export` print it. Directories are read with all that is
/// beneath them; NAME.KIND.j2 is a template. Nothing is sent if anything is wrong.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client apply -f site/ -m 'new rack' --dry-run
  pxe-init-client apply -f site/ --prune -l site=b1 -m \"$(git log -1 --format=%s)\"
  pxe-init-client machine list -o yaml | sed s/fcos-40/fcos-41/ | pxe-init-client apply -f -")]
pub(in crate::client) struct ApplyArgs {
    #[command(flatten)]
    pub(super) wanted: WantedArgs,
    #[command(flatten)]
    pub(super) how: HowArgs,
}

/// Show how the server differs from manifests: what apply would change
#[derive(Debug, Args)]
#[command(after_help = "\
Exits with 1 when there are differences, and with 6 where other commands exit with 1.

Examples:
  pxe-init-client diff -f site/
  pxe-init-client diff -f site/ --prune -l site=b1 -q || echo 'somebody changed something by hand'")]
pub(in crate::client) struct DiffArgs {
    #[command(flatten)]
    pub(super) wanted: WantedArgs,
}

/// Show what pending manifests would do to the registered machines, without writing anything
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client plan -f site/
  pxe-init-client plan -f site/ --prune -l site=b1")]
pub(in crate::client) struct PlanArgs {
    #[command(flatten)]
    pub(in crate::client) wanted: WantedArgs,
}

/// How it is done.
#[derive(Debug, Args)]
pub(in crate::client) struct HowArgs {
    /// Do not ask before anything is deleted
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Check everything, write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) reason: ReasonArgs,
}

/// What is to be there.
#[derive(Debug, Args)]
pub(in crate::client) struct WantedArgs {
    #[command(flatten)]
    pub(super) files: FileArgs,
    /// Also delete what has these labels on the server and is not in the manifests; all manifests must have the labels
    #[arg(long, requires = "labels")]
    pub(super) prune: bool,
    #[arg(
        short = 'l',
        long = "label",
        id = "labels",
        value_name = "KEY=VALUE",
        help = "Label of what --prune may delete; several must all be there",
        value_delimiter = ',',
        value_parser = pairs::text,
        requires = "prune"
    )]
    pub(super) labels: Vec<(String, String)>,
}

/// Where the manifests are.
#[derive(Debug, Args)]
pub(in crate::client) struct FileArgs {
    /// Manifests and directories of them; - for standard input
    #[arg(short, long = "file", value_name = "PATH", required = true, num_args = 1.., value_hint = clap::ValueHint::AnyPath)]
    pub(super) files: Vec<PathBuf>,
}

/// Delete what manifests name, all of it or nothing
///
/// What is not there is passed over. What the manifests say besides names does not matter.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  pxe-init-client delete -f site/rack-7/")]
pub(in crate::client) struct DeleteFilesArgs {
    #[command(flatten)]
    pub(super) files: FileArgs,
    #[command(flatten)]
    pub(super) how: HowArgs,
}

/// Print what is stored as manifests, or write it to a directory
///
/// All of it is of one catalog revision, and `apply -f` of it changes nothing. Built-in templates are not part of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client export > site.yaml
  pxe-init-client export --output-dir site/
  pxe-init-client export machine rule -l site=b1 -o json")]
pub(in crate::client) struct ExportArgs {
    /// Only these nouns
    #[arg(value_name = "NOUN", value_enum)]
    pub(super) nouns: Vec<NounArg>,
    #[arg(
        short = 'l',
        long = "label",
        id = "labels",
        value_name = "KEY=VALUE",
        help = "Only what has this label; several must all be there",
        value_delimiter = ',',
        value_parser = pairs::text
    )]
    pub(super) labels: Vec<(String, String)>,
    /// Write images/NAME.yaml and so on into this directory, templates as NAME.KIND.j2 beside their manifest
    ///
    /// A manifest that says the same already is left as it is, comments included. No file is deleted.
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(super) output_dir: Option<PathBuf>,
    /// Write although the directory has manifests of things that are not exported; they stay
    #[arg(long, requires = "output_dir")]
    pub(super) force: bool,
}

/// A noun on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(in crate::client) enum NounArg {
    #[value(alias = "images")]
    Image,
    #[value(alias = "templates")]
    Template,
    #[value(alias = "machines")]
    Machine,
    #[value(alias = "rules")]
    Rule,
}

impl From<NounArg> for Noun {
    fn from(noun: NounArg) -> Self {
        match noun {
            NounArg::Image => Self::Image,
            NounArg::Template => Self::Template,
            NounArg::Machine => Self::Machine,
            NounArg::Rule => Self::Rule,
        }
    }
}
