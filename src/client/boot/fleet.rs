//! `preview --output-dir`: the documents of many machines, as files.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::RENDERED;
use crate::client::failure::{Exit, Failure};
use crate::client::progress::Progress;
use crate::client::session::Session;
use crate::proto::pxe_init::{PreviewFleetRequest, PreviewFleetResponse};

/// Stands in a directory that a preview wrote, and may replace.
const MARK: &str = ".pxe-init-preview";

/// What the mark says to people.
const MARK_TEXT: &str =
    "Written by pxe-init-client preview --output-dir, which replaces this directory as a whole.\n";

/// Writes `DIRECTORY/MACHINE/KIND` for each document, and `KIND.problem` for each that the machine does not get. Nothing
/// but the documents is in the files, so that the same catalog makes the same files. An earlier directory is replaced when
/// all of it is there.
pub(super) async fn preview(
    session: &Session,
    directory: &Path,
    request: PreviewFleetRequest,
) -> Result<Exit, Failure> {
    check(directory)?;
    let parent = match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(|e| at(parent, &e))?;
    // Beside it, so that it can be moved there.
    let new = TempDir::with_prefix_in(".pxe-init-preview-", parent).map_err(|e| at(parent, &e))?;
    let mut mark = fs::File::create(new.path().join(MARK)).map_err(|e| at(new.path(), &e))?;
    mark.write_all(MARK_TEXT.as_bytes())?;
    let mut answers = session.api.boot().preview_fleet(request).await?.into_inner();
    let mut progress = Progress::of("machines");
    let (mut written, mut missing, mut machines) = (0u64, 0u64, 0u64);
    while let Some(answer) = answers.message().await? {
        progress.show(answer.done, answer.total);
        machines = answer.total;
        if write(new.path(), &answer)? {
            written += 1;
        } else {
            missing += 1;
        }
    }
    progress.clear();
    replace(directory, new)?;
    let documents = written + missing;
    session.say(format_args!("{documents} documents of {machines} machines in {}", directory.display()));
    if missing == 0 {
        return Ok(Exit::Ok);
    }
    let are = if missing == 1 { "is not what its machine" } else { "are not what their machines" };
    let message = format!("{missing} of them {are} should get; the reasons are in *.problem");
    Err(Failure::new(Exit::NotFound, message))
}

/// Writes one document; whether it is the machine's own.
fn write(directory: &Path, answer: &PreviewFleetResponse) -> Result<bool, Failure> {
    let preview = answer.preview.clone().unwrap_or_default();
    let machine = directory.join(&answer.machine);
    fs::create_dir_all(&machine).map_err(|e| at(&machine, &e))?;
    let is_own = preview.outcome == RENDERED;
    let (name, text) = match is_own {
        true => (answer.kind.clone(), preview.document),
        false => (format!("{}.problem", answer.kind), format!("{}: {}\n", preview.outcome, preview.problem)),
    };
    let file = machine.join(name);
    fs::write(&file, text).map_err(|e| at(&file, &e))?;
    Ok(is_own)
}

/// Only what a preview wrote, or an empty directory, may be replaced.
fn check(directory: &Path) -> Result<(), Failure> {
    let mut entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(at(directory, &e)),
    };
    if entries.next().is_none() || directory.join(MARK).exists() {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, format!("{} has other files", directory.display()))
        .hint("name a directory that does not exist, is empty, or was written by this command"))
}

fn replace(directory: &Path, new: TempDir) -> Result<(), Failure> {
    if directory.exists() {
        fs::remove_dir_all(directory).map_err(|e| at(directory, &e))?;
    }
    let new: PathBuf = new.keep();
    fs::rename(&new, directory).map_err(|e| at(directory, &e))
}

fn at(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Other, format!("{}: {error}", path.display()))
}
