//! Templates as operators see them: built-in, stored, or one in the place of the other; their history.

use std::sync::Arc;

use super::{Intent, Service, Snapshot, WriteOptions, Written};
use crate::domain::{Actor, Change, Name, Noun, Revision, RevisionInfo, Template};
use crate::error::{Code, Error};
use crate::render::Entry;

/// What is not in memory.
const HISTORY: &str = "what a template was before its head";

/// The longest history page.
const MAX_PAGE: u32 = 1000;

/// A template as operators see it.
#[derive(Clone, Debug)]
pub struct TemplateView {
    /// The template.
    pub template: Template,
    /// `stored`, `built-in` or `override`.
    pub origin: &'static str,
    /// Why it can not be rendered.
    pub broken: Option<String>,
    /// The catalog revision that last changed it; 0 for a built-in.
    pub revision: u64,
}

impl Service {
    /// The template of this name: its head, or the revision of this number from the database.
    pub async fn get_template(&self, name: &str, number: Option<Revision>) -> Result<TemplateView, Error> {
        let snapshot = self.snapshot()?;
        let head = snapshot.templates.get(name).map(|entry| snapshot.view(entry));
        let Some(number) = number else {
            return head.ok_or_else(|| snapshot.not_found(Noun::Template, name));
        };
        if let Some(head) = head.filter(|head| head.template.head == number) {
            return Ok(head);
        }
        let stored = match name.parse::<Name>() {
            Ok(name) => self.store(HISTORY)?.template_source(&name, number).await?,
            Err(_) => None,
        };
        let template = stored.ok_or_else(|| no_revision(&snapshot, name, number))?;
        Ok(TemplateView { template, origin: "stored", broken: None, revision: 0 })
    }

    /// The saves of a template, newest first, from below `before`.
    pub async fn template_revisions(
        &self,
        name: &str,
        before: Option<Revision>,
        limit: u32,
    ) -> Result<Vec<RevisionInfo>, Error> {
        let snapshot = self.snapshot()?;
        let parsed: Name = name.parse().map_err(|e| Error::invalid_field("name", e))?;
        let found =
            self.store(HISTORY)?.template_revisions(&parsed, before, limit.clamp(1, MAX_PAGE)).await?;
        if found.is_empty() && before.is_none() && snapshot.templates.get(name).is_none() {
            return Err(snapshot.not_found(Noun::Template, name));
        }
        Ok(found)
    }

    /// Saves the source of an older revision as a new one; without a number that of the one before the head.
    pub async fn rollback_template(
        &self,
        actor: &Actor,
        name: &str,
        number: Option<Revision>,
        options: &WriteOptions,
    ) -> Result<Written, Error> {
        let snapshot = self.snapshot()?;
        let entry =
            name.parse::<Name>().ok().and_then(|name| snapshot.catalog.templates().get(&name).cloned());
        let Some(entry) = entry else {
            return Err(match snapshot.templates.get(name) {
                Some(_) => Error::new(
                    Code::FailedPrecondition,
                    format!("template {name} is built in; it has no history"),
                ),
                None => snapshot.not_found(Noun::Template, name),
            });
        };
        let head = &entry.value;
        let number = match number {
            Some(number) => number,
            None => {
                let older = self.store(HISTORY)?.template_revisions(&head.name, Some(head.head), 1).await?;
                let problem = || format!("template {name} has no revision before {}", head.head);
                older.first().ok_or_else(|| Error::new(Code::FailedPrecondition, problem()))?.number
            }
        };
        let old = self.store(HISTORY)?.template_source(&head.name, number).await?;
        let old = old.ok_or_else(|| no_revision(&snapshot, name, number))?;
        let mut options = options.clone();
        if options.message.is_empty() {
            options.message = format!("roll back to revision {number}");
        }
        let change = Change::Template(Template { source: old.source, ..(**head).clone() });
        // The revision that was read, so that a save in between is not undone by accident.
        let intent = Intent { base_revision: Some(entry.revision), ..Intent::new(change) };
        self.write(actor, intent, &options).await
    }
}

impl Snapshot {
    /// A template as operators see it.
    pub(super) fn view(&self, entry: &Entry) -> TemplateView {
        let template = entry.template.clone();
        TemplateView {
            origin: entry.origin.as_str(),
            broken: entry.broken.as_ref().map(ToString::to_string),
            revision: self.catalog.templates().get(&template.name).map_or(0, |stored| stored.revision),
            template,
        }
    }
}

fn no_revision(snapshot: &Arc<Snapshot>, name: &str, number: Revision) -> Error {
    match snapshot.templates.get(name) {
        Some(entry) => Error::new(
            Code::NotFound,
            format!("template {name} has no revision {number}; its head is {}", entry.template.head),
        ),
        None => snapshot.not_found(Noun::Template, name),
    }
}
