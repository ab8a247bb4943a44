//! The files of the command line: documents as they are, and templates with all that they may include.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::super::document::read_file;
use super::super::failure::{Exit, Failure};
use super::found::{Found, Linted};
use super::sources::{self, Sources};
use super::{guess, tools};
use crate::domain::Kind;
use crate::lint::{self, Fates, Finding};

/// What was given, in its order.
pub(super) struct Files {
    files: Vec<File>,
    /// The templates of each directory.
    sources: BTreeMap<PathBuf, Sources>,
}

enum File {
    Document { path: String, kind: Kind, text: String },
    Template { directory: PathBuf, name: String, path: String },
}

impl Files {
    /// Reads them. One that can not be read is told of, and makes the exit code.
    pub(super) fn read(paths: &[PathBuf], kind: Option<Kind>) -> Result<(Self, Exit), Failure> {
        let mut exit = Exit::Ok;
        let mut files = Vec::new();
        let mut templates: BTreeMap<PathBuf, Vec<sources::File>> = BTreeMap::new();
        for path in paths {
            let read = match path.to_string_lossy().ends_with(sources::ENDING) {
                true => sources::File::read(path, kind).and_then(|file| template(file, &mut templates)),
                false => read_file(path).map(|text| document(path, kind, text)),
            };
            match read {
                Ok(file) => files.push(file),
                Err(failure) => {
                    write!(io::stderr(), "{failure}")?;
                    exit = exit.max(failure.exit);
                }
            }
        }
        Ok((Self { files, sources: compile(&templates) }, exit))
    }

    /// The URLs to ask for.
    pub(super) fn urls(&self) -> Vec<String> {
        let of = |file: &File| match file {
            File::Document { kind, text, .. } => {
                lint::assets(*kind, text).into_iter().flat_map(|asset| asset.tries).collect()
            }
            File::Template { directory, name, .. } => {
                self.sources.get(directory).map(|sources| sources.urls(name)).unwrap_or_default()
            }
        };
        self.files.iter().flat_map(of).collect()
    }

    /// What is wrong with each. With tools, those that are missing are told of.
    pub(super) fn lint(&self, fates: Option<&Fates>, with_tools: bool) -> Result<Vec<Linted>, Failure> {
        let mut linted = Vec::new();
        let mut missing = Vec::new();
        for file in &self.files {
            match file {
                File::Document { path, kind, text } => {
                    let found = match fates {
                        Some(fates) => lint::lint_asked(*kind, text, fates),
                        None => lint::lint(*kind, text, None),
                    };
                    let mut findings: Vec<Found> =
                        found.iter().map(|finding| in_file(path, finding)).collect();
                    if with_tools {
                        findings.extend(asked(path, *kind, text, &mut missing)?);
                    }
                    linted.push(Linted { path: path.clone(), length: Some(text.len()), findings });
                }
                File::Template { directory, name, path } => {
                    let Some(sources) = self.sources.get(directory) else { continue };
                    let findings = sources.lint(name, fates);
                    linted.push(Linted { path: path.clone(), length: sources.length(name), findings });
                }
            }
        }
        for tool in missing {
            writeln!(io::stderr(), "note: {tool} was not found, so it was not asked")?;
        }
        Ok(linted)
    }
}

fn in_file(path: &str, finding: &Finding) -> Found {
    Found { severity: finding.rule.severity_if_called(), ..Found::new(path, finding) }
}

fn document(path: &Path, kind: Option<Kind>, text: String) -> File {
    let shown = if path == Path::new("-") { "<stdin>".to_owned() } else { path.display().to_string() };
    File::Document { path: shown, kind: kind.unwrap_or_else(|| guess::kind(path, &text)), text }
}

/// Puts a template to the others of its directory.
fn template(
    file: sources::File,
    templates: &mut BTreeMap<PathBuf, Vec<sources::File>>,
) -> Result<File, Failure> {
    let directory = file.path.parent().unwrap_or(Path::new("")).to_owned();
    let name = file.template.name.to_string();
    let path = file.path.display().to_string();
    let beside = templates.entry(directory.clone()).or_default();
    if let Some(other) = beside.iter().find(|other| other.template.name == file.template.name) {
        let message = format!("{path}: the template {name} is given twice, also as {}", other.path.display());
        return Err(Failure::new(Exit::Refused, message)
            .hint("a server has one template of a name, of whatever kind"));
    }
    beside.push(file);
    Ok(File::Template { directory, name, path })
}

/// The templates of each directory: first those that were given, then those beside them, then those that were given from
/// elsewhere.
fn compile(given: &BTreeMap<PathBuf, Vec<sources::File>>) -> BTreeMap<PathBuf, Sources> {
    let shown = |file: &sources::File| (file.template.clone(), file.path.display().to_string());
    let of = |(directory, own): (&PathBuf, &Vec<sources::File>)| {
        let beside = sources::File::beside(directory);
        let elsewhere = given.iter().filter(|(other, _)| *other != directory).flat_map(|(_, files)| files);
        let all = own.iter().chain(&beside).chain(elsewhere).map(shown).collect::<Vec<_>>();
        (directory.clone(), Sources::new(all))
    };
    given.iter().map(of).collect()
}

/// What the format's own checker says.
fn asked(path: &str, kind: Kind, text: &str, missing: &mut Vec<&'static str>) -> Result<Vec<Found>, Failure> {
    Ok(match tools::ask(kind, text)? {
        tools::Answer::None => Vec::new(),
        tools::Answer::Missing(tool) => {
            if !missing.contains(&tool) {
                missing.push(tool);
            }
            Vec::new()
        }
        tools::Answer::Said(said) => {
            said.into_iter().map(|said| Found { path: path.to_owned(), ..said }).collect()
        }
    })
}
