//! Jinja templates: compiled together with what they may include, tried with the samples, and shown with their own lines.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::document::read_file;
use super::super::failure::{Exit, Failure};
use super::found::Found;
use super::guess;
use crate::domain::{Kind, Name, Template};
use crate::lint::{self, Fates, Finding, Origin};
use crate::render::{Limits, TemplateSet};

/// Templates that can include each other.
pub(super) struct Sources {
    set: TemplateSet,
    /// What each is called in findings; of one that came with this program, its name says enough.
    paths: BTreeMap<String, String>,
}

/// The ending of a template's file.
pub(super) const ENDING: &str = ".j2";

/// A template that stands in a file.
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) template: Template,
}

impl File {
    /// The template in the file at `path`: `NAME.KIND.j2`, or one whose kind its beginning or its directory tells.
    pub(super) fn read(path: &Path, kind: Option<Kind>) -> Result<Self, Failure> {
        let source = read_file(path)?;
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = file.strip_suffix(ENDING).unwrap_or(&file);
        let named = stem.rsplit_once('.').and_then(|(name, kind)| Some((name, kind.parse::<Kind>().ok()?)));
        let name = named.map_or(stem, |(name, _)| name);
        let name: Name = name.parse().map_err(|e| {
            Failure::new(Exit::Refused, format!("{}: {e}", path.display()))
                .hint("a template is NAME.KIND.j2, such as coreos.ipxe.j2")
        })?;
        let kind =
            kind.or(named.map(|(_, kind)| kind)).unwrap_or_else(|| guess::template_kind(path, &source));
        Ok(Self { path: path.to_owned(), template: Template::new(name, kind, source) })
    }

    /// The other templates in its directory that can be read.
    pub(super) fn beside(directory: &Path) -> Vec<Self> {
        let directory = if directory == Path::new("") { Path::new(".") } else { directory };
        let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.to_string_lossy().ends_with(ENDING) && path.is_file());
        paths.sort();
        // Called as one that is given from here would be.
        let files = paths.iter().map(|path| path.strip_prefix(".").unwrap_or(path));
        files.filter_map(|path| Self::read(path, None).ok()).collect()
    }
}

impl Sources {
    /// Compiles templates, each with what it is called. Of two with one name, the first counts.
    pub(super) fn new(templates: impl IntoIterator<Item = (Template, String)>) -> Self {
        let mut paths = BTreeMap::new();
        let mut known = Vec::new();
        for (template, path) in templates {
            if !paths.contains_key(template.name.as_str()) {
                paths.insert(template.name.to_string(), path);
                known.push(template);
            }
        }
        Self { set: TemplateSet::compile(&known, Limits::default()), paths }
    }

    /// The names of all templates, those that came with this program too.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.set.iter().map(|entry| entry.template.name.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.set.get(name).is_some()
    }

    /// What a template is called.
    pub(super) fn path(&self, name: &str) -> String {
        self.paths.get(name).cloned().unwrap_or_else(|| format!("template/{name}"))
    }

    pub(super) fn length(&self, name: &str) -> Option<usize> {
        Some(self.set.get(name)?.template.source.len())
    }

    /// The URLs to ask for.
    pub(super) fn urls(&self, name: &str) -> Vec<String> {
        lint::template_assets(&self.set, name).into_iter().flat_map(|asset| asset.tries).collect()
    }

    /// Everything that is wrong with one template.
    pub(super) fn lint(&self, name: &str, fates: Option<&Fates>) -> Vec<Found> {
        let found = lint::check_template(&self.set, name, fates);
        found.iter().map(|finding| self.found(name, finding)).collect()
    }

    /// A finding with its place in the template, and not in the document.
    fn found(&self, name: &str, finding: &Finding) -> Found {
        let whole = || Origin { template: name.to_owned(), line: 1 };
        let Origin { template, line } = finding.origin.clone().unwrap_or_else(whole);
        let source = self.set.get(&template).map(|entry| entry.template.source.as_ref()).unwrap_or_default();
        let source = source.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
        let source = source.trim_end_matches('\r');
        let place = &finding.place;
        let found = Found { line, ..Found::new(&self.path(&template), finding) };
        if place.text == source {
            return found;
        }
        let culprit: String =
            place.text.chars().skip(place.column.saturating_sub(1)).take(place.width).collect();
        let rendered = Some(place.text.clone()).filter(|text| !text.is_empty());
        let (column, width) = within(source, &culprit);
        Found { column, width, text: source.to_owned(), rendered, ..found }
    }
}

/// Where in a template's line the culprit stands, or the whole line where a value is to blame.
fn within(source: &str, culprit: &str) -> (usize, usize) {
    let part = match culprit.trim() {
        "" => source.trim(),
        culprit if source.contains(culprit) => culprit,
        _ => source.trim(),
    };
    let at = source.find(part).unwrap_or_default();
    (source[..at].chars().count() + 1, part.chars().count().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_culprit_is_found_where_it_stands_in_the_template() {
        assert_eq!(within("  kernal {{ x }}", "kernal"), (3, 6));
        assert_eq!(within("  {{ x }}", "kernal"), (3, 7));
        assert_eq!(within("é {{ x }}", "{{"), (3, 2));
        assert_eq!(within("", "a"), (1, 1));
    }
}
