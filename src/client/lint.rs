//! `lint`: looks for mistakes in files, without a server, and in what a server has.

mod ask;
mod files;
mod fleet;
mod found;
mod guess;
mod sarif;
mod sources;
mod stored;
mod text;
mod tools;

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args, Subcommand};

use super::cli::Global;
use super::duration;
use super::failure::{Exit, Failure};
use super::print::{Format, Output, Records};
use super::session::Session;
use crate::domain::Kind;
use crate::lint::{self, Severity};

use files::Files;
use fleet::Fleet;
use found::{Found, Linted};
use sources::Sources;

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    group = ArgGroup::new("what").required(true).multiple(true)
        .args(["files", "templates", "all_templates", "machines", "fleet"]),
    after_help = "\
Files need no server. A file *.j2 is a template, NAME.KIND.j2: it is compiled together with the other templates that are
given or stand beside it, tried with the sample machines as when it is saved, and its findings name its own lines.
Findings go to standard output: -o table as a compiler prints them (wide: with explanations), -o sarif for code scanning,
-o name as one PATH:LINE:COLUMN:CODE a line.
Exit code 4 means that there are findings of --severity or worse, 1 that a file can not be read.
A finding is silenced in the file: # lint: allow CODE because REASON, on its line or the one before.

Examples:
  pxe-init-client lint boot.ipxe
  pxe-init-client lint --severity warning -o sarif *.ipxe > lint.sarif
  pxe-init-client lint --check-urls templates/*.j2
  pxe-init-client lint --all-templates
  pxe-init-client lint --fleet --filter 'label.rack=r1*' --check-urls
  pxe-init-client lint explain IPX030"
)]
pub(super) struct LintArgs {
    #[command(subcommand)]
    verb: Option<LintVerb>,
    /// The files; - for standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// A template of the server, tried with the sample machines; repeat for several
    #[arg(long = "template", value_name = "NAME")]
    templates: Vec<String>,
    /// All templates of the server
    #[arg(long)]
    all_templates: bool,
    /// The documents that a registered machine would get now; repeat for several
    #[arg(long = "machine", value_name = "NAME")]
    machines: Vec<String>,
    /// The documents of all registered machines; the same finding of many is told once
    #[arg(long, conflicts_with = "machines")]
    fleet: bool,
    /// Which machines --fleet is about, as `machine list` takes it [default: all]
    #[arg(long, value_name = "TERMS", requires = "fleet")]
    filter: Vec<String>,
    /// What the files are, otherwise guessed from each one's name and beginning; which documents of machines are looked
    /// at, otherwise all
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(Kind::ALL.map(Kind::as_str)))]
    kind: Option<String>,
    /// The least severity that makes the exit code 4
    #[arg(
        long,
        value_name = "LEVEL",
        default_value = "error",
        value_parser = PossibleValuesParser::new(Severity::ALL.map(Severity::as_str))
    )]
    severity: String,
    /// Ask once for each http and https URL that is loaded and wholly known, by HEAD, 8 at a time
    #[arg(long)]
    check_urls: bool,
    /// How long each URL may take, redirects included
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration::parse, requires = "check_urls")]
    url_timeout: Duration,
    /// Also ask the format's own checker about files that are no templates, where this machine has it:
    /// ignition-validate, cloud-init, ksvalidator, grub-script-check; each gets 10 s
    #[arg(long, requires = "files")]
    with_tools: bool,
}

#[derive(Debug, Subcommand)]
enum LintVerb {
    /// Explain a finding, or list all
    Explain {
        /// Its code, such as IPX030; without one all are listed
        #[arg(value_name = "CODE")]
        code: Option<String>,
    },
}

/// What a server was asked for.
#[derive(Default)]
struct Served {
    /// Its templates, and the names of those to look at.
    templates: Option<(Sources, Vec<String>)>,
    fleet: Option<Fleet>,
}

/// Runs `lint`.
pub(super) fn run(args: &LintArgs, global: &Global) -> Result<Exit, Failure> {
    if let Some(LintVerb::Explain { code }) = &args.verb {
        return explain(code.as_deref());
    }
    let kind = args.kind.as_deref().and_then(|kind| kind.parse().ok());
    let threshold: Severity = args.severity.parse().unwrap_or(Severity::Error);
    let (files, mut exit) = Files::read(&args.files, kind)?;
    let served = served(args, global, kind)?;

    let fates = args.check_urls.then(|| ask::ask(&urls(&files, &served), args.url_timeout));
    let mut linted = files.lint(fates.as_ref(), args.with_tools)?;
    if let Some((sources, names)) = &served.templates {
        linted.extend(names.iter().map(|name| Linted {
            path: sources.path(name),
            length: sources.length(name),
            findings: sources.lint(name, fates.as_ref()),
        }));
    }
    linted.extend(served.fleet.iter().map(|fleet| fleet.lint(fates.as_ref())));
    once(&mut linted);

    let documents = served.fleet.as_ref().map(Fleet::len);
    print(&linted, documents, global.output, global.quiet)?;
    let found = linted.iter().flat_map(|file| &file.findings);
    if found.map(|found| found.severity).max().is_some_and(|worst| worst >= threshold) {
        exit = exit.max(Exit::Refused);
    }
    Ok(exit)
}

fn urls(files: &Files, served: &Served) -> BTreeSet<String> {
    let mut urls: BTreeSet<String> = files.urls().into_iter().collect();
    if let Some((sources, names)) = &served.templates {
        urls.extend(names.iter().flat_map(|name| sources.urls(name)));
    }
    urls.extend(served.fleet.iter().flat_map(Fleet::urls));
    urls
}

/// Asks the server for what is wanted of it; nothing, if it is not needed.
fn served(args: &LintArgs, global: &Global, kind: Option<Kind>) -> Result<Served, Failure> {
    if args.templates.is_empty() && !args.all_templates && args.machines.is_empty() && !args.fleet {
        return Ok(Served::default());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asked = runtime.block_on(async {
        let session = Session::new(global)?;
        let mut served = Served::default();
        if args.all_templates || !args.templates.is_empty() {
            let sources = stored::fetch(&session).await?;
            let names = stored::wanted(&sources, &args.templates, args.all_templates)?;
            served.templates = Some((sources, names));
        }
        if args.fleet || !args.machines.is_empty() {
            let mut fleet = Fleet::default();
            if args.fleet {
                fleet.fetch(&session, args.filter.join(" "), kind).await?;
            }
            for machine in &args.machines {
                fleet.fetch_one(&session, machine, kind).await?;
            }
            served.fleet = Some(fleet);
        }
        Ok(served)
    });
    asked.map_err(|failure: Failure| failure.at(&global.connect.endpoint))
}

/// A mistake in a template that several include is one.
fn once(linted: &mut [Linted]) {
    let mut known = BTreeSet::new();
    for file in linted {
        file.findings.retain(|found| {
            let place = (found.path.clone(), found.line, found.column);
            known.insert((place, found.code.clone(), found.message.clone()))
        });
    }
}

fn print(linted: &[Linted], documents: Option<usize>, output: Output, quiet: bool) -> Result<(), Failure> {
    match output {
        Output::Sarif => {
            let document = super::print::json(&sarif::log(linted))?;
            writeln!(io::stdout(), "{document}")?;
        }
        Output::Table | Output::Wide => text::print(linted, output == Output::Wide)?,
        Output::Json => records(linted, Format::Json)?,
        Output::Yaml => records(linted, Format::Yaml)?,
        Output::Name => records(linted, Format::Name)?,
    }
    if matches!(output, Output::Table | Output::Wide) && !quiet {
        text::sum_up(linted, documents)?;
    }
    Ok(())
}

fn records(linted: &[Linted], format: Format) -> Result<(), Failure> {
    let mut records = Records::new(format);
    for file in linted {
        records.page(&file.findings)?;
    }
    records.finish()
}

fn explain(code: Option<&str>) -> Result<Exit, Failure> {
    let Some(code) = code else {
        for rule in lint::rules() {
            writeln!(io::stdout(), "{}  {:7}  {}", rule.code, rule.severity, rule.title)?;
        }
        return Ok(Exit::Ok);
    };
    let upper = code.to_ascii_uppercase();
    let Some(rule) = lint::rule(&upper) else {
        let failure = Failure::new(Exit::NotFound, format!("there is no finding {code:?}"));
        return Err(failure.hint("`pxe-init-client lint explain` lists all"));
    };
    let (explanation, fix) = (text::wrap(rule.explanation), text::wrap(rule.fix));
    write!(io::stdout(), "{} ({}): {}\n\n{explanation}\n\n{fix}\n", rule.code, rule.severity, rule.title)?;
    Ok(Exit::Ok)
}
