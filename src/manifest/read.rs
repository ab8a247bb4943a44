//! From documents to resources.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::decode::{Wrong, decode};
use super::place::{Located, Place, Problem};
use super::resource::{Resource, TemplateDocument};
use super::text::documents;
use super::tree::{At, Key, Node};
use crate::domain::{Noun, Template};

/// What `get -o yaml` adds of the server's own: read and left alone, so that it can be applied as it is.
const REPORTED: [&str; 1] = ["revision"];

/// The same of templates.
const REPORTED_OF_TEMPLATES: [&str; 4] = ["revision", "number", "origin", "broken"];

/// Opens the file that a template names as its source: its path as it was found, and what is in it.
pub(super) type Open<'a> = &'a dyn Fn(&str) -> Result<(PathBuf, String), String>;

/// Everything in a text, which is YAML with any number of documents or JSON. Where `noun` is given, documents need not say
/// theirs, and may have no other. `path` is for messages.
///
/// # Errors
/// All that is wrong. A template can not name a file here.
pub fn parse(text: &str, path: &Path, noun: Option<Noun>) -> Result<Vec<Located<Resource>>, Vec<Problem>> {
    let no_file = |_: &str| Err("can not be used here; write the text under source".to_owned());
    read(text, path, noun, &no_file)
}

/// The resource of a noun that has these fields. `path` is for messages.
///
/// # Errors
/// All that is wrong.
pub fn from_fields(
    noun: Noun,
    fields: Map<String, Value>,
    path: &Path,
) -> Result<Located<Resource>, Vec<Problem>> {
    let open = |_: &str| Err("can not be used here; write the text under source".to_owned());
    Reader { path, noun: Some(noun), open: &open }.resource(&Value::Object(fields).into())
}

/// As [`parse`], with a way to the files that templates name.
pub(super) fn read(
    text: &str,
    path: &Path,
    noun: Option<Noun>,
    open: Open<'_>,
) -> Result<Vec<Located<Resource>>, Vec<Problem>> {
    let reader = Reader { path, noun, open };
    let documents = documents(text)
        .map_err(|broken| vec![reader.problem(broken.at, format!("no YAML: {}", broken.why))])?;
    let (mut resources, mut problems) = (Vec::new(), Vec::new());
    for document in &documents {
        match reader.resource(document) {
            Ok(resource) => resources.push(resource),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(resources) } else { Err(problems) }
}

struct Reader<'a> {
    path: &'a Path,
    noun: Option<Noun>,
    open: Open<'a>,
}

impl Reader<'_> {
    fn place(&self, at: At) -> Place {
        Place { path: self.path.to_owned(), line: at.line, column: at.column }
    }

    fn problem(&self, at: At, what: impl Display) -> Problem {
        Problem::new(self.place(at), what.to_string())
    }

    fn resource(&self, document: &Node) -> Result<Located<Resource>, Vec<Problem>> {
        let noun = self.noun(document).map_err(|problem| vec![problem])?;
        let (value, source) = match noun {
            Noun::Image => (Resource::Image(self.plain(document, noun)?), None),
            Noun::Machine => (Resource::Machine(self.plain(document, noun)?), None),
            Noun::Rule => (Resource::Rule(self.plain(document, noun)?), None),
            Noun::Template => self.template(document)?,
        };
        let of_source = |field: &str| source.as_deref().filter(|_| field == "source").map(Place::of_file);
        let problem = |violation: crate::domain::Violation| {
            let place = of_source(&violation.field)
                .unwrap_or_else(|| self.place(document.at_path(&violation.field).at));
            Problem::new(place, format!("{noun} {}: {violation}", value.name()))
        };
        let problems: Vec<Problem> = value.violations().into_iter().map(problem).collect();
        match problems.is_empty() {
            true => Ok(Located { place: self.place(document.at), source, value }),
            false => Err(problems),
        }
    }

    /// Which noun the document says that it is.
    fn noun(&self, document: &Node) -> Result<Noun, Problem> {
        let nouns = Noun::ALL.map(Noun::as_str).join(", ");
        if !matches!(document.content, super::tree::Content::Map(_)) {
            return Err(self.problem(document.at, format!("a manifest is a map with a noun: {nouns}")));
        }
        let Some(said) = document.get("noun") else {
            return self.noun.ok_or_else(|| {
                self.problem(document.at, format!("noun: is missing; say what this is: one of {nouns}"))
            });
        };
        let at = said.at;
        let known = said.text().and_then(|text| Noun::ALL.into_iter().find(|noun| noun.as_str() == text));
        let Some(known) = known else {
            let said = said.text().map_or_else(|| said.to_json().to_string(), |text| format!("{text:?}"));
            return Err(self.problem(at, format!("noun: {said} is no noun; use one of {nouns}")));
        };
        match self.noun {
            Some(wanted) if wanted != known => Err(self.problem(
                at,
                format!("noun: this says {known}, and {wanted} is wanted here; `apply -f` takes all four"),
            )),
            _ => Ok(known),
        }
    }

    fn plain<T: DeserializeOwned>(&self, document: &Node, noun: Noun) -> Result<T, Vec<Problem>> {
        let least = object(json!({"name": "x"}));
        self.decode(document, noun, &entries(document, &REPORTED), &least)
    }

    fn template(&self, document: &Node) -> Result<(Resource, Option<PathBuf>), Vec<Problem>> {
        let least = object(json!({"name": "x", "kind": "text", "source": ""}));
        let mut fields = entries(document, &REPORTED_OF_TEMPLATES);
        let file = fields.iter().position(|(key, _)| key.text == "file").map(|at| fields.remove(at));
        let Some((key, node)) = file else {
            let read: TemplateDocument = self.decode(document, Noun::Template, &fields, &least)?;
            return Ok((Resource::Template(read.into()), None));
        };
        let of = called(document, Noun::Template);
        let mut problems = Vec::new();
        if let Some(source) = document.get("source") {
            problems.push(self.problem(
                source.at,
                format!("{of}: source: and file: are both given; leave one of them out"),
            ));
        }
        let opened = match node.text() {
            None => Err(format!("{} is no path; write one relative to this file", node.to_json())),
            Some(path) => (self.open)(path).map_err(|why| format!("{path:?} {why}")),
        };
        let (path, source) = opened.unwrap_or_else(|why| {
            problems.push(self.problem(node.at, format!("{of}: file: {why}")));
            (PathBuf::new(), String::new())
        });
        let source = (
            Key { at: key.at, text: "source".to_owned() },
            Node { at: node.at, ..Value::from(source).into() },
        );
        fields.retain(|(key, _)| key.text != "source");
        fields.push(&source);
        match self.decode::<TemplateDocument>(document, Noun::Template, &fields, &least) {
            Ok(read) if problems.is_empty() => Ok((Resource::Template(Template::from(read)), Some(path))),
            Ok(_) => Err(problems),
            Err(found) => Err(found.into_iter().chain(problems).collect()),
        }
    }

    fn decode<T: DeserializeOwned>(
        &self,
        document: &Node,
        noun: Noun,
        entries: &[&(Key, Node)],
        least: &Map<String, Value>,
    ) -> Result<T, Vec<Problem>> {
        let of = called(document, noun);
        decode(document.at, entries, least).map_err(|found| {
            let advice = |what: &str| match what {
                "source is missing" => "; write the text there, or name a file: that has it",
                _ => "",
            };
            found
                .into_iter()
                .map(|Wrong { at, what }| self.problem(at, format!("{of}: {what}{}", advice(&what))))
                .collect()
        })
    }
}

/// What a document is about, for people.
fn called(document: &Node, noun: Noun) -> String {
    match document.get("name").and_then(Node::text) {
        Some(name) => format!("{noun} {name}"),
        None => format!("{noun} without a name"),
    }
}

/// The entries of a document that say something of the resource.
fn entries<'a>(document: &'a Node, reported: &[&str]) -> Vec<&'a (Key, Node)> {
    let says = |key: &Key| key.text != "noun" && !reported.contains(&key.text.as_str());
    document.entries().iter().filter(|(key, _)| says(key)).collect()
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
