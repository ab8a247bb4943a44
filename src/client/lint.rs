//! `lint`: looks for mistakes in files, without a server.

mod guess;
mod sarif;
mod text;
mod tools;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::document::read_file;
use super::failure::{Exit, Failure};
use super::print::{Format, Output, Record, Records};
use crate::domain::Kind;
use crate::lint::{self, Finding, Severity};

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Works on plain files, without a server. Findings go to standard output: -o table as a compiler prints them (wide: with
explanations), -o sarif for code scanning, -o name as one PATH:LINE:COLUMN:CODE a line.
Exit code 4 means that there are findings of --severity or worse, 1 that a file can not be read.
A finding is silenced in the file: # lint: allow CODE because REASON, on its line or the one before.

Examples:
  pxe-init-client lint boot.ipxe
  pxe-init-client lint --severity warning -o sarif *.ipxe > lint.sarif
  pxe-init-client lint explain IPX030"
)]
pub(super) struct LintArgs {
    #[command(subcommand)]
    verb: Option<LintVerb>,
    /// The files; - for standard input
    #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// What they are; otherwise guessed from each file's name and beginning
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
    /// Also ask the format's own checker, where this machine has it: ignition-validate, cloud-init, ksvalidator,
    /// grub-script-check; each gets 10 s
    #[arg(long)]
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

/// A file with what was found in it.
struct Linted {
    path: String,
    document: String,
    findings: Vec<Found>,
}

/// One finding as scripts get it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Found {
    path: String,
    line: usize,
    column: usize,
    #[serde(skip)]
    width: usize,
    #[serde(skip)]
    text: String,
    code: String,
    severity: Severity,
    message: String,
    help: String,
}

impl Record for Found {
    fn id(&self) -> String {
        format!("{}:{}:{}:{}", self.path, self.line, self.column, self.code)
    }
}

impl Found {
    fn new(path: &str, finding: &Finding) -> Self {
        Self {
            path: path.to_owned(),
            line: finding.place.line,
            column: finding.place.column,
            width: finding.place.width,
            text: finding.place.text.clone(),
            code: finding.code().to_owned(),
            severity: finding.severity(),
            message: finding.message.clone(),
            help: finding.advice().to_owned(),
        }
    }
}

/// Runs `lint`.
pub(super) fn run(args: LintArgs, output: Output, quiet: bool) -> Result<Exit, Failure> {
    if let Some(LintVerb::Explain { code }) = args.verb {
        return explain(code.as_deref());
    }
    let kind = args.kind.as_deref().and_then(|kind| kind.parse().ok());
    let threshold: Severity = args.severity.parse().unwrap_or(Severity::Error);
    let mut exit = Exit::Ok;
    let mut linted = Vec::new();
    let mut missing = Vec::new();
    for path in &args.files {
        match read_file(path) {
            Ok(document) => linted.push(one(path, document, kind, args.with_tools, &mut missing)?),
            Err(failure) => {
                write!(io::stderr(), "{failure}")?;
                exit = exit.max(failure.exit);
            }
        }
    }
    for tool in missing {
        writeln!(io::stderr(), "note: {tool} was not found, so it was not asked")?;
    }
    print(&linted, output, quiet)?;
    let found = linted.iter().flat_map(|file| &file.findings);
    if found.map(|found| found.severity).max().is_some_and(|worst| worst >= threshold) {
        exit = exit.max(Exit::Refused);
    }
    Ok(exit)
}

fn one(
    path: &Path,
    document: String,
    kind: Option<Kind>,
    with_tools: bool,
    missing: &mut Vec<&'static str>,
) -> Result<Linted, Failure> {
    let shown = if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() };
    let kind = kind.unwrap_or_else(|| guess::kind(path, &document));
    let found = lint::lint(kind, &document, None);
    let mut findings: Vec<Found> = found.iter().map(|finding| Found::new(&shown, finding)).collect();
    if with_tools {
        match tools::ask(kind, &document)? {
            tools::Answer::None => {}
            tools::Answer::Missing(tool) if missing.contains(&tool) => {}
            tools::Answer::Missing(tool) => missing.push(tool),
            tools::Answer::Said(said) => {
                findings.extend(said.into_iter().map(|said| Found { path: shown.clone(), ..said }));
            }
        }
    }
    Ok(Linted { path: shown, document, findings })
}

fn print(linted: &[Linted], output: Output, quiet: bool) -> Result<(), Failure> {
    match output {
        Output::Sarif => {
            let document = super::print::json(&sarif::log(linted))?;
            writeln!(io::stdout(), "{document}")?;
        }
        Output::Table | Output::Wide => text::print(linted, output == Output::Wide, quiet)?,
        Output::Json => records(linted, Format::Json)?,
        Output::Yaml => records(linted, Format::Yaml)?,
        Output::Name => records(linted, Format::Name)?,
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
