//! From files and directories to resources.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::place::{Located, Place, Problem};
use super::read::{parse, read};
use super::resource::Resource;
use crate::domain::{Kind, Name, Template};

/// The largest file that is read, in bytes: a list of some hundred thousand machines.
const MAX_FILE: u64 = 256 << 20;

/// Reads a file, or standard input for `-`.
///
/// # Errors
/// Why it can not be read.
pub fn read_text(path: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = match path.as_os_str() == "-" {
        true => io::stdin().take(MAX_FILE + 1).read_to_end(&mut bytes),
        false => fs::File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes)),
    };
    if read.map_err(|e| e.to_string())? as u64 > MAX_FILE {
        return Err(format!("is larger than {} MiB", MAX_FILE >> 20));
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())
}

/// Everything in these files and directories, in the order of the paths and of their names; `-` is standard input.
///
/// In a directory that is every `*.yaml`, `*.yml` and `*.json` beneath it, and each template file `NAME.KIND.j2` that no
/// manifest names as its `file`. What begins with a dot or an underscore is left out, and so are [`test_files`].
///
/// # Errors
/// All that is wrong.
pub fn load(paths: &[PathBuf]) -> Result<Vec<Located<Resource>>, Vec<Problem>> {
    let (mut found, mut problems) = (Found::default(), Vec::new());
    for path in paths {
        if let Err(error) = found.add(path) {
            problems.push(Problem::new(Place::of_file(path), error.to_string()));
        }
    }
    let mut resources = Vec::new();
    let mut keep = |result: Result<Vec<Located<Resource>>, Vec<Problem>>| match result {
        Ok(read) => resources.extend(read),
        Err(wrong) => problems.extend(wrong),
    };
    let named = RefCell::default();
    for file in &found.manifests {
        keep(manifest(file, &named));
    }
    let named = named.into_inner();
    for Source { path, .. } in found.templates.iter().filter(|file| !named.contains(&file.canonical)) {
        keep(template(path).map(|template| vec![template]));
    }
    problems.extend(duplicates(&resources));
    if problems.is_empty() { Ok(resources) } else { Err(problems) }
}

/// The test files beneath a directory, `*.test.yaml` and `*.test.yml`, in the order of their names.
///
/// # Errors
/// A directory that can not be read.
pub fn test_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    files_beneath(directory, &is_test)
}

/// Whether a file of this name has cases for templates, and no manifests.
fn is_test(name: &str) -> bool {
    [".test.yaml", ".test.yml"].iter().any(|end| name.ends_with(end))
}

/// The files beneath a directory whose names are `wanted`, in the order of their names.
fn files_beneath(directory: &Path, wanted: &dyn Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut entries = fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if name.starts_with(['.', '_']) {
            continue;
        }
        // A link to a directory is not followed, as it may lead in a circle.
        if entry.file_type()?.is_dir() {
            found.extend(files_beneath(&path, wanted)?);
        } else if wanted(&name) && path.is_file() {
            found.push(path);
        }
    }
    Ok(found)
}

/// A file that is to be read.
struct Source {
    path: PathBuf,
    canonical: PathBuf,
    /// What its files may not lead out of; none for standard input.
    root: Option<PathBuf>,
}

#[derive(Default)]
struct Found {
    manifests: Vec<Source>,
    templates: Vec<Source>,
    /// What was found before, perhaps under another name.
    seen: BTreeSet<PathBuf>,
}

impl Found {
    /// Adds a path that was given.
    fn add(&mut self, path: &Path) -> io::Result<()> {
        if path.as_os_str() == "-" {
            let canonical = path.to_owned();
            self.manifests.push(Source { path: path.to_owned(), canonical, root: None });
            return Ok(());
        }
        if fs::metadata(path)?.is_dir() {
            return self.add_directory(path, &fs::canonicalize(path)?);
        }
        let root = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        self.add_file(path, &fs::canonicalize(root)?)
    }

    fn add_directory(&mut self, directory: &Path, root: &Path) -> io::Result<()> {
        let is_manifest = |name: &str| {
            [".yaml", ".yml", ".json", ".j2"].iter().any(|end| name.ends_with(end)) && !is_test(name)
        };
        files_beneath(directory, &is_manifest)?.iter().try_for_each(|path| self.add_file(path, root))
    }

    fn add_file(&mut self, path: &Path, root: &Path) -> io::Result<()> {
        let canonical = fs::canonicalize(path)?;
        if !self.seen.insert(canonical.clone()) {
            return Ok(());
        }
        let is_template = path.extension().is_some_and(|end| end == "j2");
        let list = if is_template { &mut self.templates } else { &mut self.manifests };
        list.push(Source { path: path.to_owned(), canonical, root: Some(root.to_owned()) });
        Ok(())
    }
}

/// What a manifest says; adds the files that it names to `named`.
fn manifest(
    file: &Source,
    named: &RefCell<BTreeSet<PathBuf>>,
) -> Result<Vec<Located<Resource>>, Vec<Problem>> {
    let text = read_text(&file.path).map_err(|why| vec![Problem::new(Place::of_file(&file.path), why)])?;
    let Some(root) = &file.root else { return parse(&text, &file.path, None) };
    let directory = file.path.parent().unwrap_or(Path::new(""));
    let open = |named_path: &str| {
        let relative = Path::new(named_path);
        if relative.is_absolute() {
            return Err("is an absolute path; write one relative to this file".to_owned());
        }
        let path: PathBuf = directory.join(relative);
        let canonical = fs::canonicalize(&path).map_err(|e| format!("can not be opened: {e}"))?;
        if !canonical.starts_with(root) {
            return Err("leads out of the directory that was given; move the file into it".to_owned());
        }
        let source = read_text(&path)?;
        named.borrow_mut().insert(canonical);
        Ok((path, source))
    };
    read(&text, &file.path, None, &open)
}

/// A template that is a file by itself.
fn template(path: &Path) -> Result<Located<Resource>, Vec<Problem>> {
    let problem = |what: String| vec![Problem::new(Place::of_file(path), what)];
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (name, kind) = split(&file).map_err(problem)?;
    let source = read_text(path).map_err(problem)?;
    let template = Template::new(name, kind, source);
    let wrong = template.violations();
    if wrong.is_empty() {
        let place = Place::of_file(path);
        return Ok(Located { place, source: Some(path.to_owned()), value: Resource::Template(template) });
    }
    Err(wrong
        .into_iter()
        .map(|violation| Problem::new(Place::of_file(path), violation.to_string()))
        .collect())
}

/// The name and kind in `NAME.KIND.j2`.
fn split(file: &str) -> Result<(Name, Kind), String> {
    let advice = "a template is NAME.KIND.j2, such as coreos.ipxe.j2, or is named by the file: of a manifest";
    let parts = file.strip_suffix(".j2").and_then(|stem| stem.rsplit_once('.'));
    let (name, kind) = parts.ok_or_else(|| format!("names no kind; {advice}"))?;
    let kind = kind.parse().map_err(|e| format!("{e}; {advice}"))?;
    Ok((name.parse().map_err(|e| format!("{e}"))?, kind))
}

/// What is given twice, each with the place of the other.
fn duplicates(resources: &[Located<Resource>]) -> Vec<Problem> {
    let mut first = BTreeMap::new();
    let mut found = Vec::new();
    for Located { place, value, .. } in resources {
        match first.entry((value.noun(), value.name())) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(place);
            }
            std::collections::btree_map::Entry::Occupied(entry) => found.push(Problem::new(
                place.clone(),
                format!(
                    "{} {} is given twice; the other one is at {}",
                    value.noun(),
                    value.name(),
                    entry.get()
                ),
            )),
        }
    }
    found
}
