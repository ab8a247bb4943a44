//! `template test`: runs the tests of a site, without a server.

mod junit;
mod records;
mod text;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use super::document;
use super::failure::{Exit, Failure};
use super::print::Output;
use crate::domain::Pattern;
use crate::template_test::{self, NotRun, Options, Report};

#[derive(Debug, Args)]
#[command(after_help = "\
Works on files, without a server: DIR has the manifests of a site, and test files *.test.yaml.
The documents of each case are held against its expectations, the linter, and the snapshots in
snapshots/FILE/CASE/KIND beside its file; docs/testing-templates.md describes them.
Exit code 4 means that something failed, 1 that there are mistakes in the files, 3 that there is no
case to run.

Examples:
  pxe-init-client template test site
  pxe-init-client template test site --accept
  pxe-init-client template test site --filter 'web-*'
  pxe-init-client template test site --junit results.xml")]
pub(super) struct TestArgs {
    /// The directory with the manifests and the test files, in any order beneath it
    #[arg(value_name = "DIR", default_value = ".", value_hint = clap::ValueHint::DirPath)]
    directory: PathBuf,
    /// Write the documents of cases that pass otherwise as their snapshots, and remove those that no case makes any more
    #[arg(long)]
    accept: bool,
    /// Run only cases whose names match, such as 'web-*'; repeat for several. Leftover snapshots are not looked for then
    #[arg(long, value_name = "GLOB", value_parser = glob)]
    filter: Vec<Pattern>,
    /// Do not lint templates and documents
    #[arg(long)]
    no_lint: bool,
    /// The base of the server's URLs in documents
    #[arg(long, value_name = "URL", default_value = "http://boot.example.org:8080", value_parser = base)]
    base_url: String,
    /// Where relative image paths lead [default: /assets under the base URL]
    #[arg(long, value_name = "URL", value_parser = base)]
    asset_url: Option<String>,
    /// Also write the results as JUnit XML, for CI
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    junit: Option<PathBuf>,
}

/// Runs `template test`.
pub(super) fn run(args: TestArgs, output: Output, quiet: bool) -> Result<Exit, Failure> {
    let TestArgs { directory, accept, filter, no_lint, base_url, asset_url, junit } = args;
    let options = Options { base_url, asset_url, lint: !no_lint, filter, accept };
    let report = template_test::run(&directory, &options).map_err(|not_run| refuse(not_run, &directory))?;
    match output.format() {
        Some(format) => records::print(&report, format)?,
        None => text::print(&report, quiet)?,
    }
    if let Some(path) = junit {
        write(&path, &junit::document(&report))?;
    }
    if !quiet {
        writeln!(io::stderr(), "{}", text::summary(&report))?;
        // What --accept left, it will not take another time.
        if let Some(hint) = text::hint(&report).filter(|_| !accept) {
            writeln!(io::stderr(), "{hint}")?;
        }
    }
    Ok(exit(&report))
}

fn exit(report: &Report) -> Exit {
    if report.passed() { Exit::Ok } else { Exit::Refused }
}

fn refuse(not_run: NotRun, directory: &Path) -> Failure {
    match not_run {
        NotRun::Mistakes(problems) if problems.len() == 1 => {
            Failure { exit: Exit::Other, ..document::refuse(problems) }
        }
        NotRun::Mistakes(problems) => {
            let message = format!("{} mistakes; no case was run", problems.len());
            Failure { exit: Exit::Other, message, ..document::refuse(problems) }
        }
        NotRun::NoFile => {
            Failure::new(Exit::NotFound, format!("there is no test file in {}", directory.display()))
                .hint("a test file is named *.test.yaml; docs/testing-templates.md begins with one")
        }
        NotRun::NoCase => Failure::new(Exit::NotFound, "no case matches the filter"),
    }
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|e| Failure::new(Exit::Other, format!("{}: {e}", path.display())))
}

fn glob(text: &str) -> Result<Pattern, String> {
    Pattern::parse(None, text).map_err(|e| e.to_string())
}

/// A URL without the `/` at its end, as documents put a path behind it.
fn base(text: &str) -> Result<String, String> {
    let uri: http::Uri =
        text.parse().map_err(|e| format!("{e}; write it like http://boot.example.org:8080"))?;
    match uri.scheme_str() {
        Some("http" | "https") if uri.query().is_none() => Ok(text.trim_end_matches('/').to_owned()),
        _ => Err("this is no base of URLs; write it like http://boot.example.org:8080".to_owned()),
    }
}
