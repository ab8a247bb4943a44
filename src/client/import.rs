//! `import`: what another system keeps becomes resources, all of it in one change.

mod args;
mod postgres;

use std::io::{self, Write as _};
use std::path::Path;

pub(super) use args::ImportArgs;

use args::{HowArgs, ImportCommand};

use super::document::{read_file, refuse};
use super::failure::{Exit, Failure};
use super::manifests;
use super::pairs;
use super::session::Session;
use crate::import::{self, Import};
use crate::manifest;

/// Reads, reports, and writes unless that was not asked for.
pub(super) async fn run(session: &Session, args: ImportArgs) -> Result<Exit, Failure> {
    let (read, how) = match args.command {
        ImportCommand::FirstSystem { db_url, dump, how } => {
            let (text, path) = match (db_url, dump) {
                (Some(url), _) => (postgres::dump(&url)?, "the dump of --db-url".into()),
                (None, dump) => {
                    let path = dump.unwrap_or_else(|| "-".into());
                    (read_file(&path)?, path)
                }
            };
            (import::first_system(&text, &path), how)
        }
        ImportCommand::Matchbox { directory, how } => (import::matchbox(&directory), how),
        ImportCommand::Csv { file, how } => (import::machines(&read_file(Path::new(&file))?, &file), how),
    };
    let HowArgs { dry_run, print, strict, labels, reason } = how;
    let mut import = read.map_err(refuse)?;
    import.label(&pairs::collect("--label", labels)?);
    tell(session, &import);
    let Import { resources, left_out, .. } = import;
    if strict && !left_out.is_empty() {
        let message = format!("{} things have no counterpart here; nothing was sent", left_out.len());
        return Err(Failure::new(Exit::Refused, message).hint("without --strict the rest is imported"));
    }
    if resources.is_empty() {
        return Err(Failure::new(Exit::Refused, "there is nothing to import"));
    }
    if print {
        let mut out = io::stdout().lock();
        for (i, found) in resources.iter().enumerate() {
            let separator = if i == 0 { "" } else { "---\n" };
            write!(out, "{separator}{}", manifest::document(&found.value)?)?;
        }
        return Ok(Exit::Ok);
    }
    manifests::put(session, resources, dry_run, reason).await
}

/// What is not the same, and what is not there.
fn tell(session: &Session, import: &Import) {
    for note in &import.notes {
        session.say(format_args!("note: {note}"));
    }
    for left_out in &import.left_out {
        session.say(format_args!("left out: {left_out}"));
    }
    let Import { resources, notes, left_out } = import;
    session.say(format_args!("{} read, {} notes, {} left out", resources.len(), notes.len(), left_out.len()));
}
