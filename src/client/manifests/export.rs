//! `export`: what is stored, as manifests.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{fs, slice};

use serde::Serialize;

use super::args::ExportArgs;
use super::server::standing;
use crate::client::failure::{Exit, Failure};
use crate::client::pairs;
use crate::client::print::{Format, Record, Records};
use crate::client::session::Session;
use crate::domain::Noun;
use crate::manifest::{self, File, Resource};

/// Prints or writes what is stored.
pub(in crate::client) async fn export(session: &Session, args: ExportArgs) -> Result<Exit, Failure> {
    let labels = pairs::collect("--label", args.labels)?;
    let nouns: BTreeSet<Noun> = args.nouns.into_iter().map(Noun::from).collect();
    let nouns: Vec<Noun> =
        Noun::ALL.into_iter().filter(|noun| nouns.is_empty() || nouns.contains(noun)).collect();
    let resources: Vec<Resource> = standing(&session.api, &nouns, &labels)
        .await?
        .into_iter()
        .map(|standing| standing.resource)
        .collect();
    match args.output_dir {
        Some(directory) => write(session, &resources, &directory, args.force)?,
        None => print(session, &resources)?,
    }
    Ok(Exit::Ok)
}

fn print(session: &Session, resources: &[Resource]) -> Result<(), Failure> {
    if resources.is_empty() {
        session.say("nothing is stored that was asked for");
    }
    match session.output.format() {
        // People and `apply -f` read the same.
        None | Some(Format::Yaml) => {
            let mut out = io::stdout().lock();
            for (i, resource) in resources.iter().enumerate() {
                let separator = if i == 0 { "" } else { "---\n" };
                write!(out, "{separator}{}", manifest::document(resource)?)?;
            }
            Ok(())
        }
        Some(format) => {
            let exported: Vec<Exported<'_>> = resources.iter().map(Exported).collect();
            let mut records = Records::new(format);
            records.page(&exported)?;
            records.finish()
        }
    }
}

/// A resource that is printed for scripts.
#[derive(Serialize)]
#[serde(transparent)]
struct Exported<'a>(&'a Resource);

impl Record for Exported<'_> {
    fn id(&self) -> String {
        format!("{}/{}", self.0.noun(), self.0.name())
    }
}

fn write(session: &Session, resources: &[Resource], directory: &Path, force: bool) -> Result<(), Failure> {
    let ours: BTreeSet<PathBuf> = resources
        .iter()
        .map(manifest::files)
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .map(|file| directory.join(file.path))
        .collect();
    refuse_others(session, directory, &ours, force)?;
    let (mut written, mut same) = (0, 0);
    for resource in resources {
        if says_already(resource, directory)? {
            same += 1;
            continue;
        }
        for File { path, text } in manifest::files(resource)? {
            let path = directory.join(path);
            put(&path, &text).map_err(|e| at(&path, &e))?;
        }
        written += 1;
    }
    session.say(format_args!("{}: {written} written, {same} as they were", directory.display()));
    Ok(())
}

/// Whether the resource's own files say it, in whatever words: then they keep their comments and their order.
fn says_already(resource: &Resource, directory: &Path) -> Result<bool, Failure> {
    let Some(manifest) = manifest::files(resource)?.into_iter().next() else { return Ok(false) };
    let path = directory.join(manifest.path);
    if !path.exists() {
        return Ok(false);
    }
    // A file that can not be read as a manifest is written anew.
    let found = manifest::load(slice::from_ref(&path)).unwrap_or_default();
    Ok(matches!(found.as_slice(), [found] if found.value == *resource))
}

/// Refuses a directory with other manifests: `apply` would bring back from them what is not stored any more, or find things
/// that are given twice.
fn refuse_others(
    session: &Session,
    directory: &Path,
    ours: &BTreeSet<PathBuf>,
    force: bool,
) -> Result<(), Failure> {
    if !directory.exists() {
        return Ok(());
    }
    let found = manifest::load(slice::from_ref(&directory.to_owned()));
    let others: Vec<(String, String)> = match found {
        Ok(found) => found
            .iter()
            .filter(|found| !ours.contains(&found.place.path))
            .map(|found| (found.place.to_string(), format!("{} {}", found.value.noun(), found.value.name())))
            .collect(),
        // What is wrong in a file that is written anew does not matter.
        Err(problems) => problems
            .into_iter()
            .filter(|problem| !ours.contains(&problem.place.path))
            .map(|problem| (problem.place.to_string(), problem.what))
            .collect(),
    };
    if others.is_empty() {
        return Ok(());
    }
    if force {
        for (place, what) in others {
            session.say(format_args!("warning: {place}: {what}: stays, and is not part of this export"));
        }
        return Ok(());
    }
    let message = format!("{} has manifests that this export does not write", directory.display());
    Err(Failure { fields: others, ..Failure::new(Exit::Refused, message) }
        .hint("delete them or move them away, as apply would bring them back; --force leaves them"))
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, text)
}

fn at(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Other, format!("{}: {error}", path.display()))
}
