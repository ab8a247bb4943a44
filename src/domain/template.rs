//! Named Jinja sources and their immutable revisions.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::labels::check_labels;
use super::{Kind, Labels, MAX_SOURCE_BYTES, Name, Timestamp, Violation};

/// A template at its head revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// Its name, unique among the templates of all kinds.
    pub name: Name,
    /// What it renders.
    pub kind: Kind,
    /// The revision that is served.
    pub head: Revision,
    /// Marks by which operators find and group it.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// The Jinja source.
    pub source: Arc<str>,
}

/// One immutable save of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RevisionInfo {
    /// Its number.
    pub number: Revision,
    /// SHA-256 of the source, in lower-case hexadecimal.
    pub sha256: String,
    /// Who saved it.
    pub author: String,
    /// Why, in the author's words; may be empty.
    pub message: String,
    /// When.
    pub created: Timestamp,
}

/// The number of a save of one template: 1, 2, 3, … Built-in templates have 0.
pub type Revision = u32;

impl Template {
    /// A template that was not saved yet.
    pub fn new(name: Name, kind: Kind, source: impl Into<Arc<str>>) -> Self {
        Self { name, kind, head: 0, labels: Labels::new(), source: source.into() }
    }

    /// Whether it renders what `other` does, so that the one takes no other revision than the other.
    pub fn is_same_document(&self, other: &Self) -> bool {
        self.kind == other.kind && self.source == other.source
    }

    /// What an operator must mend before this template can be stored, short of what its rendering shows.
    pub fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.source.len() > MAX_SOURCE_BYTES {
            found.push(Violation::new(
                "source",
                format!("has {} bytes; at most {MAX_SOURCE_BYTES} are allowed", self.source.len()),
            ));
        }
        if self.source.contains('\0') {
            found.push(Violation::new("source", "contains a NUL byte; a template is text"));
        }
        check_labels(&self.labels, &mut found);
        found
    }
}
