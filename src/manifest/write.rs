//! From resources to text that [`load`](super::load) reads.

use std::collections::BTreeMap;
use std::error;
use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::resource::{Resource, TemplateDocument};
use crate::domain::{Kind, Labels, Name, Noun, Template};

/// The longest name of a file, in bytes, less the longest ending that we give one: that of most file systems.
const MAX_STEM: usize = 255 - ".network-config.j2".len();

/// A file of a directory of manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Relative to the directory.
    pub path: PathBuf,
    /// What is in it.
    pub text: String,
}

/// Why something is not written: no resource that was read or that a server gave has the cause.
#[derive(Debug)]
pub struct Unwritable(String);

/// The document of a resource; a template has its source in it.
///
/// # Errors
/// As [`yaml`].
pub fn document(resource: &Resource) -> Result<String, Unwritable> {
    yaml(resource)
}

impl Serialize for Resource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let noun = self.noun().as_str();
        match self {
            Self::Image(fields) => Document { noun, fields }.serialize(serializer),
            Self::Machine(fields) => Document { noun, fields }.serialize(serializer),
            Self::Rule(fields) => Document { noun, fields }.serialize(serializer),
            Self::Template(template) => {
                Document { noun, fields: &TemplateDocument::from(template) }.serialize(serializer)
            }
        }
    }
}

/// The files of a resource in a directory: `images/NAME.yaml` and so on, and the source of a template beside its manifest.
///
/// # Errors
/// As [`yaml`].
pub fn files(resource: &Resource) -> Result<Vec<File>, Unwritable> {
    let directory = PathBuf::from(format!("{}s", resource.noun()));
    let stem = stem(resource.name());
    let path = directory.join(format!("{stem}.yaml"));
    let Resource::Template(template) = resource else {
        return Ok(vec![File { path, text: document(resource)? }]);
    };
    let Template { name, kind, labels, source, .. } = template;
    let file = format!("{stem}.{kind}.j2");
    let fields = &Beside { name, kind: *kind, labels, file: &file };
    let text = yaml(&Document { noun: Noun::Template.as_str(), fields })?;
    Ok(vec![File { path, text }, File { path: directory.join(file), text: source.to_string() }])
}

/// A value as YAML that ends with a line end.
///
/// # Errors
/// What the writer of YAML says; maps without text as keys are the only cause.
pub fn yaml(value: &impl Serialize) -> Result<String, Unwritable> {
    let options = serde_saphyr::ser_options! {
        // Folded lines are hard to tell from real ones, and a diff of them says little.
        folded_wrap_chars: usize::MAX,
    };
    let mut text =
        serde_saphyr::to_string_with_options(value, options).map_err(|e| Unwritable(e.to_string()))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// What every manifest has, and the fields of its noun.
#[derive(Serialize)]
struct Document<'a, T> {
    noun: &'a str,
    #[serde(flatten)]
    fields: &'a T,
}

/// A template whose source is the file beside it.
#[derive(Serialize)]
struct Beside<'a> {
    name: &'a Name,
    kind: Kind,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: &'a Labels,
    file: &'a str,
}

/// The name of a resource's file, less its ending. A name that is too long for a file is cut, and made unique by what no name
/// has: `~` and a hash of the whole.
fn stem(name: &Name) -> String {
    let name = name.as_str();
    if name.len() <= MAX_STEM {
        return name.to_owned();
    }
    let hash: String = Sha256::digest(name).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{}~{hash}", &name[..MAX_STEM - hash.len() - 1])
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this can not be written as YAML: {}", self.0)
    }
}

impl error::Error for Unwritable {}
