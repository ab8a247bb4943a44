//! What to say when nothing stands under a name.

use super::Snapshot;
use crate::domain::Noun;
use crate::error::{Code, Error};

impl Snapshot {
    /// The failure when nothing stands under a name, with the names that are most like it.
    pub fn not_found(&self, noun: Noun, name: &str) -> Error {
        if name.is_empty() {
            return Error::invalid_field("name", "is missing");
        }
        Error::new(Code::NotFound, format!("there is no {noun} {name}{}", self.suggestion(noun, name)))
    }
}
