//! matchbox's data directory: `groups/*.json`, `profiles/*.json`, and the templates that profiles name in `ignition/`,
//! `cloud/` and `generic/` (matchbox documentation, "Matchbox").

mod group;
mod profile;
mod template;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::Import;
use crate::manifest::{Place, Problem, read_text};

/// Reads a data directory.
///
/// # Errors
/// That it is none, or can not be read.
pub fn matchbox(directory: &Path) -> Result<Import, Vec<Problem>> {
    let fail = |path: &Path, what: String| vec![Problem { place: Place::of_file(path), what }];
    if !directory.join("profiles").is_dir() {
        let what = "this is no data directory of matchbox: it has no directory profiles";
        return Err(fail(directory, what.to_owned()));
    }
    let mut import = Import::default();
    let mut images = BTreeMap::new();
    let mut used = Vec::new();
    for (path, profile) in read_all::<profile::Profile>(directory, "profiles", &mut import)? {
        profile::translate(profile, directory, &path, &mut used, &mut images, &mut import);
    }
    for (path, group) in read_all::<group::Group>(directory, "groups", &mut import)? {
        group::translate(group, &path, &images, &mut import);
    }
    for kind in template::DIRECTORIES {
        for path in files(&directory.join(kind)).map_err(|e| fail(&directory.join(kind), e.to_string()))? {
            if !used.contains(&path) {
                import.note(Place::of_file(&path), "no profile uses it; not imported");
            }
        }
    }
    Ok(import)
}

/// The documents of a directory. One that is no such document is left out.
fn read_all<T: DeserializeOwned>(
    directory: &Path,
    kind: &str,
    import: &mut Import,
) -> Result<Vec<(PathBuf, T)>, Vec<Problem>> {
    let directory = directory.join(kind);
    let failed = |error: String, path: &Path| vec![Problem { place: Place::of_file(path), what: error }];
    let mut found = Vec::new();
    for path in files(&directory).map_err(|e| failed(e.to_string(), &directory))? {
        if path.extension().is_none_or(|ending| ending != "json") {
            import.note(Place::of_file(&path), "no .json file; not read");
            continue;
        }
        let text = read_text(&path).map_err(|e| failed(e, &path))?;
        match serde_json::from_str(&text) {
            Ok(document) => found.push((path, document)),
            Err(error) => {
                let place = Place { path: path.clone(), line: error.line(), column: error.column().max(1) };
                import.leave_out(place, error.to_string());
            }
        }
    }
    Ok(found)
}

/// The files of a directory, in the order of their names; none where it is not there.
fn files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && entry.path().is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
