//! What somebody may have meant by a name under which nothing stands.

use super::Snapshot;
use crate::domain::{Name, Noun};

/// How alike two names must be (Jaro-Winkler, 0 to 1) for one to be suggested in the place of the other.
const ALIKE: f64 = 0.85;

/// The most names that are suggested.
const MAX_SUGGESTED: usize = 3;

impl Snapshot {
    /// `; did you mean …?`, or nothing where no name is like this one.
    pub fn suggestion(&self, noun: Noun, name: &str) -> String {
        let names: Box<dyn Iterator<Item = Name>> = match noun {
            Noun::Image => Box::new(self.catalog.images().keys().cloned()),
            Noun::Machine => Box::new(self.catalog.machines().names()),
            Noun::Rule => Box::new(self.catalog.rules().keys().cloned()),
            Noun::Template => Box::new(self.templates.iter().map(|entry| entry.template.name.clone())),
        };
        let likeness = |other: &str| strsim::jaro_winkler(name, other);
        let mut alike: Vec<_> = names
            .map(|other| (likeness(other.as_str()), other))
            .filter(|(likeness, _)| *likeness > ALIKE)
            .collect();
        alike.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let names: Vec<_> = alike.iter().take(MAX_SUGGESTED).map(|(_, name)| name.as_str()).collect();
        if names.is_empty() { String::new() } else { format!("; did you mean {}?", names.join(", ")) }
    }
}
