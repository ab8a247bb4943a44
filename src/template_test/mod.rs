//! The tests of operators: cases in `*.test.yaml` beside the manifests of a site, with the documents that were accepted for
//! them in plain files. Works on a directory, without a server; `docs/testing-templates.md` describes the format.
//!
//! [`run`] reads all of it, plays each case as a server would answer it, and holds the documents against expectations, the
//! linter and snapshots. How that is printed is the business of whoever asks.

mod case;
mod play;
mod report;
mod site;
mod snapshots;

use std::path::Path;

use crate::boot::{Assets, Boot, OnFailure, OnUnknown, Secrets, Settings};
use crate::domain::Pattern;
use crate::manifest::{self, Place, Problem};
use crate::render::Limits;

pub use report::{Check, Failure, Report, Subject, What};

use case::TestFile;
use play::Stage;
use site::Site;

/// How to run the tests.
#[derive(Clone, Debug)]
pub struct Options {
    /// The base of the URLs of the server that answers.
    pub base_url: String,
    /// Where relative image paths lead; without it, to `/assets` of the server.
    pub asset_url: Option<String>,
    /// Whether the linter looks at templates and documents.
    pub lint: bool,
    /// Only the cases whose names one of these matches; all where there is none.
    pub filter: Vec<Pattern>,
    /// Whether to write what the cases make as their snapshots, and to remove those that no case makes.
    pub accept: bool,
}

/// How long a held machine waits, in seconds. Documents have it, so it is always the same.
const HOLD_SECONDS: u32 = 30;

/// Why no case was played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRun {
    /// All that is wrong with the manifests and the test files.
    Mistakes(Vec<Problem>),
    /// There is no test file.
    NoFile,
    /// The filter leaves no case.
    NoCase,
}

/// Runs every case beneath a directory against the manifests beneath it.
///
/// # Errors
/// Mistakes in the files, all at once, or that there is nothing to run.
pub fn run(directory: &Path, options: &Options) -> Result<Report, NotRun> {
    let (site, files) = read(directory)?;
    if files.is_empty() {
        return Err(NotRun::NoFile);
    }
    let settings = options.settings();
    let secrets = Secrets::of(&[&site.snapshot]);
    let server = settings.server(&settings.base_url).into();
    let boot = Boot {
        snapshot: &site.snapshot,
        settings: &settings,
        server: &server,
        // What is in files and in the log of a CI is soon everywhere.
        secrets: Some(&secrets),
    };
    let stage = Stage { boot, lint: options.lint };
    let mut report = Report { checks: site.templates(options.lint), removed: Vec::new() };
    let mut played = 0;
    for file in &files {
        let mut kept = Vec::new();
        for (case, directory) in file.cases.iter().zip(&file.directories) {
            if !options.accepts(&case.value.case) {
                continue;
            }
            played += 1;
            let play = stage.play(case);
            kept.extend(play.kinds.iter().map(|kind| snapshots::path(file, directory, *kind)));
            let place = case.place();
            let mut check = Check::new(Subject::Case, place, &case.value.case, play.failures);
            check.warnings = play.warnings;
            snapshots::hold(file, directory, &play.documents, options.accept, &mut check)?;
            report.checks.push(check);
        }
        if options.filter.is_empty() {
            snapshots::stale(file, &kept, options.accept, &mut report)?;
        }
    }
    if options.filter.is_empty() {
        snapshots::orphaned(&files, options.accept, &mut report)?;
    }
    if played == 0 { Err(NotRun::NoCase) } else { Ok(report) }
}

/// The site and the test files beneath a directory, or everything that is wrong with them.
fn read(directory: &Path) -> Result<(Site, Vec<TestFile>), NotRun> {
    let mut problems = Vec::new();
    let site = manifest::load(&[directory.to_owned()])
        .and_then(|resources| Site::build(resources, Limits::default()))
        .map_err(|found| problems.extend(found));
    let mut files = Vec::new();
    // A directory that can not be read was told already.
    for path in manifest::test_files(directory).unwrap_or_default() {
        match case::read(&path) {
            Ok(file) => files.push(file),
            Err(found) => problems.extend(found),
        }
    }
    problems.extend(case::clashes(&files));
    match site {
        Ok(site) if problems.is_empty() => Ok((site, files)),
        _ => Err(NotRun::Mistakes(problems)),
    }
}

impl Options {
    fn accepts(&self, case: &str) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|pattern| pattern.matches_text(case))
    }

    fn settings(&self) -> Settings {
        Settings {
            unknown: OnUnknown::Hold,
            failure: OnFailure::Script,
            hold_seconds: HOLD_SECONDS,
            assets: self.asset_url.clone().map_or(Assets::Own, Assets::Forward),
            serves_assets: true,
            base_url: self.base_url.clone(),
            base_url_fixed: true,
            limits: Limits::default(),
        }
    }
}

impl NotRun {
    /// What went wrong with a file.
    fn io(path: &Path, error: &std::io::Error) -> Self {
        Self::Mistakes(vec![Problem { place: Place::of_file(path), what: error.to_string() }])
    }
}
