//! Images, machines and rules as they stand on the server: the domain's own type and the revision that last changed it.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::document::refuse;
use super::failure::{Exit, Failure};
use super::print::Record;
use super::resource::{Editable, Resource};
use crate::domain::{Name, Noun};
use crate::manifest;

/// A resource as it stands on the server. As YAML or JSON it is a manifest, and `apply -f` reads it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Stored<T> {
    noun: &'static str,
    /// What it is.
    #[serde(flatten)]
    pub(super) value: T,
    /// The catalog revision that last changed it.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) revision: u64,
}

/// A type of the domain that is a whole resource.
pub(super) trait Plain: Clone + Serialize + Into<manifest::Resource> {
    /// Which of the four.
    const NOUN: Noun;
    /// The fields of its document.
    const FIELDS: &'static [&'static str];

    /// What it stands under.
    fn name(&self) -> &Name;

    /// The resource, if it is of this noun.
    fn of(resource: manifest::Resource) -> Option<Self>;
}

impl<T: Plain> Stored<T> {
    pub(super) fn new(value: T, revision: u64) -> Self {
        Self { noun: T::NOUN.as_str(), value, revision }
    }

    /// Those in a text of one or more documents. `path` is for messages.
    pub(super) fn parse(text: &str, path: &Path) -> Result<Vec<Self>, Failure> {
        let found = manifest::parse(text, path, Some(T::NOUN)).map_err(refuse)?;
        Ok(found
            .into_iter()
            .filter_map(|found| T::of(found.value))
            .map(|value| Self::new(value, 0))
            .collect())
    }

    /// The one that has these fields, of which those that say nothing are left out.
    pub(super) fn declared(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Result<Self, Failure> {
        let fields = fields.into_iter().filter(|(_, value)| !says_nothing(value));
        let fields = fields.map(|(field, value)| (field.to_owned(), value)).collect();
        let found = manifest::from_fields(T::NOUN, fields, Path::new("the command line"));
        let value = T::of(found.map_err(refuse)?.value);
        value
            .map(|value| Self::new(value, 0))
            .ok_or_else(|| Failure::new(Exit::Other, "this is of another noun"))
    }
}

impl<T: Plain> Record for Stored<T> {
    fn id(&self) -> String {
        format!("{}/{}", T::NOUN, self.value.name())
    }
}

impl<T: Plain> Editable for Stored<T>
where
    Self: Resource,
{
    fn text(&self) -> Result<String, Failure> {
        Ok(manifest::document(&self.value.clone().into())?)
    }

    fn suffix(&self) -> &str {
        ".yaml"
    }

    fn advice(&self) -> Option<String> {
        Some(format!("Fields: {}.", T::FIELDS.join(", ")))
    }

    fn edited(&self, text: &str) -> Result<Self, Failure> {
        let mut found = Self::parse(text, Path::new("the edited text"))?;
        match (found.pop(), found.is_empty()) {
            (Some(edited), true) => Ok(edited),
            _ => Err(Failure::new(Exit::Refused, format!("the edited text: one {} is wanted here", T::NOUN))),
        }
    }
}

/// Whether a field is as good as left out.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// Whether a revision was never set: `skip_serializing_if` wants it.
fn is_zero(revision: &u64) -> bool {
    *revision == 0
}
