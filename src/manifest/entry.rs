//! Lists of something else than the four nouns, read with the same care: all that is wrong at once, each at its place.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::decode::{Wrong, decode};
use super::place::{Place, Problem};
use super::text::documents;
use super::tree::{At, Content, Key, Node};

/// One entry of a list, which knows where each of its fields stands.
#[derive(Clone, Debug)]
pub struct Entry<T> {
    /// What it says.
    pub value: T,
    path: PathBuf,
    node: Node,
}

impl<T> Entry<T> {
    /// Where it begins.
    pub fn place(&self) -> Place {
        place(&self.path, self.node.at)
    }

    /// Where the value of a field such as `expect.contains[0]` begins, or of what is around it.
    pub fn place_of(&self, field: &str) -> Place {
        place(&self.path, self.node.at_path(field).at)
    }
}

/// The entries of a text: a YAML list, several documents, or JSON. Each is a map that says under `name` what it is called,
/// which is the one field that it must have. `path` is for messages.
///
/// # Errors
/// All that is wrong.
pub fn parse_entries<T: DeserializeOwned>(
    text: &str,
    path: &Path,
    name: &str,
) -> Result<Vec<Entry<T>>, Vec<Problem>> {
    let problem = |at: At, what: String| Problem::new(place(path, at), what);
    let nodes =
        documents(text).map_err(|broken| vec![problem(broken.at, format!("no YAML: {}", broken.why))])?;
    let least = Map::from_iter([(name.to_owned(), Value::from("x"))]);
    let (mut entries, mut problems) = (Vec::new(), Vec::new());
    for node in nodes {
        // What is empty, or has comments only, has no entries.
        if matches!(node.content, Content::Scalar(Value::Null)) {
            continue;
        }
        if !matches!(node.content, Content::Map(_)) {
            problems
                .push(problem(node.at, format!("this is {}, and a map with {name}: is wanted", node.what())));
            continue;
        }
        let called =
            node.get(name).and_then(Node::text).map(|text| format!("{name} {text:?}: ")).unwrap_or_default();
        let fields: Vec<&(Key, Node)> = node.entries().iter().collect();
        match decode(node.at, &fields, &least) {
            Ok(value) => entries.push(Entry { value, path: path.to_owned(), node }),
            Err(found) => {
                problems.extend(
                    found.into_iter().map(|Wrong { at, what }| problem(at, format!("{called}{what}"))),
                );
            }
        }
    }
    if problems.is_empty() { Ok(entries) } else { Err(problems) }
}

fn place(path: &Path, at: At) -> Place {
    Place { path: path.to_owned(), line: at.line, column: at.column }
}
