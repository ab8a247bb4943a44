//! Snapshots: the documents that somebody accepted, in `snapshots/TEST-FILE/CASE/KIND` beside the test file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use similar::TextDiff;

use super::NotRun;
use super::case::TestFile;
use super::report::{Check, Failure, Report, Subject, What};
use crate::domain::Kind;
use crate::manifest::Place;

/// The directory of all snapshots beside a test file.
const DIRECTORY: &str = "snapshots";

/// The snapshot of one document.
pub(super) fn path(file: &TestFile, case: &str, kind: Kind) -> PathBuf {
    of_file(file).join(case).join(kind.as_str())
}

/// Holds documents against their snapshots. Those of a case that passes otherwise are written where they are to be accepted.
pub(super) fn hold(
    file: &TestFile,
    case: &str,
    documents: &[(Kind, String)],
    accept: bool,
    check: &mut Check,
) -> Result<(), NotRun> {
    let sound = check.passed();
    for (kind, document) in documents {
        let path = path(file, case, *kind);
        let accepted = read(&path)?;
        if accepted.as_deref() == Some(document.as_bytes()) {
            continue;
        }
        if accept && sound {
            write(&path, document).map_err(|e| NotRun::io(&path, &e))?;
            check.accepted.push(*kind);
            continue;
        }
        check.failures.push(differs(&path, *kind, accepted.as_deref(), document));
    }
    Ok(())
}

/// Finds the snapshots of a test file that no case makes, and removes them where that is to be accepted.
pub(super) fn stale(
    file: &TestFile,
    kept: &[PathBuf],
    accept: bool,
    report: &mut Report,
) -> Result<(), NotRun> {
    let kept: BTreeSet<_> = kept.iter().collect();
    let mut found = of_directory(&of_file(file))?;
    found.retain(|path| !kept.contains(path));
    dispose(&file.path, found, accept, report)
}

/// The same for test files that are not there any more.
pub(super) fn orphaned(files: &[TestFile], accept: bool, report: &mut Report) -> Result<(), NotRun> {
    let directories: BTreeSet<_> = files.iter().map(beside).collect();
    for directory in directories {
        let known: BTreeSet<_> = files.iter().map(of_file).collect();
        for of_file in directories_in(&directory)?.into_iter().filter(|path| !known.contains(path)) {
            let found = of_directory(&of_file)?;
            dispose(&of_file, found, accept, report)?;
        }
    }
    Ok(())
}

fn dispose(of: &Path, stale: Vec<PathBuf>, accept: bool, report: &mut Report) -> Result<(), NotRun> {
    if accept {
        for path in stale {
            remove(&path).map_err(|e| NotRun::io(&path, &e))?;
            report.removed.push(path);
        }
        return Ok(());
    }
    let told = |path: &PathBuf| {
        Failure::new(What::StaleSnapshot, format!("{}: no case makes this any more", path.display()))
    };
    let failures: Vec<_> = stale.iter().map(told).collect();
    if !failures.is_empty() {
        report.checks.push(Check::new(Subject::Snapshots, Place::of_file(of), "snapshots", failures));
    }
    Ok(())
}

fn beside(file: &TestFile) -> PathBuf {
    file.path.with_file_name(DIRECTORY)
}

fn of_file(file: &TestFile) -> PathBuf {
    beside(file).join(&file.stem)
}

fn differs(path: &Path, kind: Kind, accepted: Option<&[u8]>, document: &str) -> Failure {
    let (what, told) = match accepted {
        None => (What::MissingSnapshot, format!("{kind} has no snapshot yet: {}", path.display())),
        Some(_) => (What::ChangedSnapshot, format!("{kind} differs from its snapshot: {}", path.display())),
    };
    let accepted = String::from_utf8_lossy(accepted.unwrap_or_default());
    let diff = TextDiff::from_lines(accepted.as_ref(), document);
    let diff = diff.unified_diff().context_radius(3).header("snapshot", "now").to_string();
    Failure { diff, ..Failure::new(what, told) }
}

/// The snapshots in the directory of a test file. What is named otherwise is none, and left alone.
fn of_directory(directory: &Path) -> Result<Vec<PathBuf>, NotRun> {
    let mut found = Vec::new();
    for case in directories_in(directory)? {
        let files = entries(&case)?.into_iter().filter(|(path, is_directory)| !is_directory && is_kind(path));
        found.extend(files.map(|(path, _)| path));
    }
    Ok(found)
}

fn is_kind(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.parse::<Kind>().is_ok())
}

fn directories_in(directory: &Path) -> Result<Vec<PathBuf>, NotRun> {
    let found = entries(directory)?.into_iter().filter(|(_, is_directory)| *is_directory);
    Ok(found.map(|(path, _)| path).collect())
}

/// What is in a directory, by name, and whether it is a directory itself; nothing if it does not exist.
fn entries(directory: &Path) -> Result<Vec<(PathBuf, bool)>, NotRun> {
    let failed = |e: &io::Error| NotRun::io(directory, e);
    let read = match fs::read_dir(directory) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.map_err(|e| failed(&e))?,
    };
    let mut found = Vec::new();
    for entry in read {
        let entry = entry.map_err(|e| failed(&e))?;
        found.push((entry.path(), entry.file_type().map_err(|e| failed(&e))?.is_dir()));
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, NotRun> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(NotRun::io(path, &e)),
    }
}

fn write(path: &Path, document: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, document)
}

/// Removes a snapshot, and the directories of its case and test file where they are empty then.
fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    for directory in path.ancestors().skip(1).take(2) {
        if fs::remove_dir(directory).is_err() {
            // Something else is in there.
            break;
        }
    }
    Ok(())
}
