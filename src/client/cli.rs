//! The grammar of the command line. Scripts rely on it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use super::audit::AuditVerb;
use super::boot::PreviewArgs;
use super::boots::BootsVerb;
use super::complete::{self, CompletionArgs};
use super::connect::ConnectArgs;
use super::duration;
use super::explain::ExplainArgs;
use super::failure::{EXIT_CODES, Failure};
use super::first_system::RegisterMachineImageArgs;
use super::import::ImportArgs;
use super::lint::LintArgs;
use super::manifests::{ApplyArgs, DeleteFilesArgs, DiffArgs, ExportArgs, PlanArgs};
use super::nouns::image::RegisterImage;
use super::nouns::machine::MachineVerb;
use super::nouns::rule::RegisterRule;
use super::nouns::template::TemplateVerb;
use super::print::Output;
use super::resource::{Resource, Write};
use super::token::TokenVerb;
use crate::man::ManArgs;

/// What `--param` takes.
pub(super) const PARAM_HELP: &str = "Parameter for templates: JSON where it parses as JSON, a string otherwise; @FILE \
                                     for the content of a file, @@… for a value that begins with @; repeat for several";

/// What `--label` takes, where selectors do not see it.
pub(super) const LABEL_HELP: &str = "Label, by which lists and exports can ask for it; repeat for several";

/// Manages what machines boot over the network
///
/// An image is something that can be booted, a template the source of a document, a machine a registered computer, and a
/// rule says which machines get which image. `preview` shows what a machine would get, `explain` why.
#[derive(Debug, Parser)]
#[command(name = "pxe-init-client", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    #[command(flatten)]
    pub(super) connect: ConnectArgs,
    /// Format of the data on standard output; everything else goes to standard error
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = Output::Table, global = true)]
    pub(super) output: Output,
    /// How long to wait for the connection and for each answer, such as 500ms, 10s or 2m
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse, global = true)]
    pub(super) timeout: Duration,
    /// Print data and errors only
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Images: what can be booted
    #[command(subcommand)]
    Image(Verb<RegisterImage>),
    /// Templates: the sources of documents, every save of which is kept
    #[command(subcommand)]
    Template(TemplateVerb),
    /// Machines: the registered computers
    #[command(subcommand)]
    Machine(MachineVerb),
    /// Rules: which machines get which image
    #[command(subcommand)]
    Rule(Verb<RegisterRule>),
    /// Boots: what machines were answered
    #[command(subcommand)]
    Boots(BootsVerb),
    /// Tokens: who may call, and as what
    #[command(subcommand)]
    Token(TokenVerb),
    /// Show who the server takes you for
    Whoami,
    /// The audit: who changed what, from where, and which calls were denied
    #[command(subcommand)]
    Audit(AuditVerb),
    /// Show the document that a machine would get
    Preview(PreviewArgs),
    /// Show what a machine would get, and why: every candidate in order, and where each value comes from
    Explain(ExplainArgs),
    Apply(ApplyArgs),
    Diff(DiffArgs),
    Plan(PlanArgs),
    Export(ExportArgs),
    Delete(DeleteFilesArgs),
    Import(ImportArgs),
    /// List the images that have a kernel, as the first system's client does
    ListImages,
    /// Bind the machine that has a MAC to an image; one that is not registered yet is, under its MAC as name
    RegisterMachineImage(RegisterMachineImageArgs),
    /// Look for mistakes in scripts, templates and other boot documents: in files without a server, or in what a server has
    Lint(LintArgs),
    /// Print the script that makes a shell complete commands, options and live names
    Completion(CompletionArgs),
    Man(ManArgs),
}

/// What can be done with images, machines and rules.
#[derive(Debug, Subcommand)]
pub(super) enum Verb<R: Args> {
    // What these are about comes from `with_nouns`, which knows the noun.
    List(ListArgs),
    Get(GetArgs),
    Register(R),
    Edit(EditArgs),
    Delete(DeleteArgs),
}

/// The options that declare a resource.
pub(super) trait Declare: Args {
    /// What they declare.
    type Resource: Resource;

    fn target(&self) -> &TargetArgs;

    fn write(&self) -> &WriteArgs;

    /// The resource of this name.
    fn declare(self, name: String) -> Result<Self::Resource, Failure>;
}

/// What is registered.
#[derive(Debug, Args)]
pub(super) struct TargetArgs {
    /// Its name: A-Z a-z 0-9 . _ - beginning with a letter or digit
    #[arg(required_unless_present = "file")]
    pub(super) name: Option<String>,
    /// Read it from YAML or JSON as `get -o yaml` prints it, one document or several; - for standard input
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(super) file: Option<PathBuf>,
}

/// How it is written.
#[derive(Clone, Debug, Args)]
pub(super) struct WriteArgs {
    /// Check everything, write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Refuse when it was changed at another catalog revision than this one (`-o wide` and `-o json` show it)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) base_revision: Option<u64>,
    #[command(flatten)]
    pub(super) reason: ReasonArgs,
}

/// Why it is written.
#[derive(Clone, Debug, Args)]
pub(super) struct ReasonArgs {
    /// Why, for the history
    #[arg(short, long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(super) message: String,
    /// Write it although documents of registered machines can not be rendered then; needs --message, and is recorded
    #[arg(long, requires = "message")]
    pub(super) force: bool,
}

impl WriteArgs {
    pub(super) fn write(&self) -> Write {
        let ReasonArgs { message, force } = self.reason.clone();
        Write { base_revision: self.base_revision.unwrap_or_default(), dry_run: self.dry_run, message, force }
    }
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only those that match: FIELD=GLOB, FIELD!=GLOB; terms separated by spaces must all hold
    #[arg(long, value_name = "TERMS")]
    pub(super) filter: Vec<String>,
    /// Stop after this many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) limit: Option<u64>,
}

#[derive(Debug, Args)]
pub(super) struct GetArgs {
    /// Their names
    #[arg(required = true, value_name = "NAME")]
    pub(super) names: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct EditArgs {
    /// Its name
    pub(super) name: String,
    /// Check everything, write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) reason: ReasonArgs,
}

impl EditArgs {
    pub(super) fn write(&self) -> Write {
        let ReasonArgs { message, force } = self.reason.clone();
        Write { dry_run: self.dry_run, message, force, ..Write::default() }
    }
}

#[derive(Debug, Args)]
pub(super) struct DeleteArgs {
    /// Their names
    #[arg(required = true, value_name = "NAME")]
    pub(super) names: Vec<String>,
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
    #[command(flatten)]
    pub(super) write: WriteArgs,
}

/// The whole grammar, with what depends on the noun filled in.
pub fn command() -> clap::Command {
    complete::with_names(with_nouns(Cli::command()))
}

/// Parses the arguments of a process.
pub(super) fn parse(args: Vec<OsString>) -> Result<Cli, clap::Error> {
    let mut command = command();
    let matches = command.try_get_matches_from_mut(args)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Says of which noun each verb is, and what its filter can ask for.
fn with_nouns(command: clap::Command) -> clap::Command {
    command.mut_subcommands(|command| {
        let (noun, fields, example) = match command.get_name() {
            "image" => ("image", "name, kernel, arch, template, label.KEY", "kernel=*coreos* arch=arm64"),
            "template" => ("template", "name, kind, origin (stored, built-in, override), label.KEY", "kind=ipxe origin!=built-in"),
            "machine" => (
                "machine",
                "name, mac, uuid, serial, hostname, image, template, label.KEY",
                "label.rack=r1* image!=fcos",
            ),
            "rule" => ("rule", "name, priority, image, template, label.KEY", "image=fcos"),
            _ => return command,
        };
        let filter = format!(
            "Only those that match: FIELD=GLOB or FIELD!=GLOB; terms separated by spaces must all hold. Fields: {fields}. Example: --filter '{example}'"
        );
        command.mut_subcommands(|verb| match (verb.get_name(), noun) {
            ("list", "template") => verb.mut_arg("filter", |arg| arg.help(&filter)),
            ("list", _) => verb.about(format!("List {noun}s")).mut_arg("filter", |arg| arg.help(&filter)),
            ("get", _) => verb.about(format!("Print {noun}s by name")),
            ("edit", "image") => verb.about("Edit an image in $VISUAL or $EDITOR"),
            ("edit", "machine" | "rule") => verb.about(format!("Edit a {noun} in $VISUAL or $EDITOR")),
            ("delete", "image" | "machine" | "rule") => verb.about(format!("Delete {noun}s by name")),
            _ => verb,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound() {
        command().debug_assert();
    }
}
