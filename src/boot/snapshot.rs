//! What is served: the catalog and the templates compiled from it, swapped as one.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::domain::{Change, Changes, Noun, State, Timestamp};
use crate::render::{Limits, TemplateSet};

/// The catalog and the templates compiled from it. No request sees the one without the other. Cheap to clone.
#[derive(Clone)]
pub struct Snapshot {
    /// The four nouns.
    pub catalog: Catalog,
    /// The compiled templates, built-in ones included.
    pub templates: Arc<TemplateSet>,
    /// The state of the database that it is; none where no database has confirmed it, as when it comes from a file.
    pub database: Option<State>,
    /// When it was built.
    pub built: Timestamp,
}

impl Snapshot {
    /// The snapshot of an empty catalog.
    pub fn empty(limits: Limits, now: Timestamp) -> Self {
        Self {
            catalog: Catalog::default(),
            templates: Arc::new(TemplateSet::compile([], limits)),
            database: None,
            built: now,
        }
    }

    /// The snapshot that `changes` lead to. Templates are compiled only when one changed.
    pub fn with(&self, changes: &Changes, limits: Limits, now: Timestamp) -> Self {
        let mut next = self.clone();
        next.apply(changes, limits, now);
        next
    }

    /// Makes this snapshot the one that `changes` lead to, as [`Catalog::apply`] does.
    pub fn apply(&mut self, changes: &Changes, limits: Limits, now: Timestamp) {
        self.catalog.apply(changes);
        self.built = now;
        let is_template = |change: &Change| change.noun() == Noun::Template;
        if changes.changes.iter().any(|stamped| is_template(&stamped.change)) {
            let stored = self.catalog.templates().values().map(|entry| &*entry.value);
            self.templates = Arc::new(TemplateSet::compile(stored, limits));
        }
    }
}
