//! Changes to the nouns: checked in memory against what they lead to, stored whole or not at all, visible at once.

use std::sync::Arc;

use super::{Assets, Service, Snapshot, diff, not_loaded};
use crate::catalog::Clash;
use crate::domain::{Actor, Change, Changes, Image, Name, Noun, Violation};
use crate::error::{Code, Error};
use crate::render::reserved_names;

/// The longest message of a change, in bytes.
const MAX_MESSAGE: usize = 4096;

/// A change with what the caller believes.
#[derive(Clone, Debug)]
pub struct Intent {
    /// The change.
    pub change: Change,
    /// Refuse unless it was last changed at this catalog revision.
    pub base_revision: Option<u64>,
    /// Refuse unless it exists.
    pub must_exist: bool,
}

/// How to write.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// Check everything, write nothing.
    pub dry_run: bool,
    /// Why, for the history.
    pub message: String,
}

/// What a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing stood there before.
    Created,
    /// Something else stood there before.
    Updated,
    /// The same stood there already; nothing was written.
    Unchanged,
    /// What stood there is gone.
    Deleted,
}

/// The result of one change.
#[derive(Clone, Debug)]
pub struct Written {
    /// What it did.
    pub effect: Effect,
    /// The catalog revision after the write; the one it was checked against in a dry run.
    pub revision: u64,
    /// Worth reading, but no reason to refuse.
    pub warnings: Vec<String>,
    /// The fields that differ from before, for people.
    pub changed: Vec<String>,
}

impl Service {
    /// Makes one change.
    pub async fn write(
        &self,
        actor: &Actor,
        intent: Intent,
        options: &WriteOptions,
    ) -> Result<Written, Error> {
        check_fields(&intent.change)?;
        check_message(&options.message)?;
        let service = self.clone();
        let (actor, options) = (actor.clone(), options.clone());
        // In a task of its own: a caller who hangs up must not stop it between the commit and the swap.
        let task = tokio::spawn(async move { service.write_one(&actor, intent, &options).await });
        task.await.map_err(|e| {
            Error::new(Code::Internal, "the write broke off; look whether it is there").caused_by(e)
        })?
    }

    async fn write_one(
        &self,
        actor: &Actor,
        intent: Intent,
        options: &WriteOptions,
    ) -> Result<Written, Error> {
        let _advancing = self.inner.advancing.lock().await;
        let settings = &self.inner.settings;
        let now = self.now();
        let mut transaction = self.inner.store.begin(actor, now).await?;
        // Under the lock of the transaction nobody else writes: what is checked here holds until the commit.
        let served = self.inner.snapshot.load_full().ok_or_else(not_loaded)?;
        let missed = transaction.changes_since(served.catalog.revision()).await?;
        let before = if missed.revision == served.catalog.revision() {
            served
        } else {
            Arc::new(served.with(&missed, settings.limits, now))
        };
        let (effect, changed) = plan(&before, &intent)?;
        if effect == Effect::Unchanged {
            transaction.rollback().await?;
            let revision = before.catalog.revision();
            return Ok(Written { effect, revision, warnings: Vec::new(), changed });
        }
        let stamped = transaction.put(&intent.change, &options.message).await?;
        let changes = Changes { revision: transaction.revision(), changes: vec![stamped] };
        // As the store has it: a template has its number now.
        let change = &changes.changes[0].change;
        let next = Arc::new(before.with(&changes, settings.limits, now));
        check_references(&before, &next, &changes)?;
        let mut warnings = check_template(&before, &next, change)?;
        warnings.extend(self.warn(change));
        if options.dry_run {
            transaction.rollback().await?;
            return Ok(Written { effect, revision: before.catalog.revision(), warnings, changed });
        }
        let revision = transaction.commit().await?;
        self.publish(next);
        tracing::info!(actor = %actor, noun = %change.noun(), name = %change.name(), ?effect, revision, "changed");
        Ok(Written { effect, revision, warnings, changed })
    }

    fn warn(&self, change: &Change) -> Option<String> {
        let Change::Image(image) = change else { return None };
        let relative = first_relative_path(image)?;
        (self.inner.settings.assets == Assets::Own && !self.inner.settings.serves_assets).then(|| {
            format!(
                "{relative:?} is a relative path, but this server has neither an assets directory nor a forward \
                 server; start it with --assets-dir or --pxe-forward-server, or register an absolute URL"
            )
        })
    }
}

/// What the intent comes to on the catalog before it, and the fields that it changes.
fn plan(before: &Snapshot, intent: &Intent) -> Result<(Effect, Vec<String>), Error> {
    let (noun, name) = (intent.change.noun(), intent.change.name());
    let stands = before.catalog.revision_of(noun, name);
    let deletes = matches!(intent.change, Change::Delete(..));
    if stands.is_none() && (intent.must_exist || deletes) {
        if noun == Noun::Template && before.templates.get(name.as_str()).is_some() {
            return Err(Error::new(
                Code::FailedPrecondition,
                format!(
                    "template {name} is built in and read-only; register one of the same name to override it"
                ),
            ));
        }
        return Err(before.not_found(noun, name.as_str()));
    }
    if let Some(base) = intent.base_revision
        && stands != Some(base)
    {
        let now =
            stands.map_or("does not exist any more".to_owned(), |at| format!("is at revision {at} now"));
        return Err(Error::new(
            Code::Aborted,
            format!(
                "{noun} {name} was changed meanwhile: you had revision {base}, and it {now}; read it again and repeat your change"
            ),
        ));
    }
    if deletes {
        return Ok((Effect::Deleted, Vec::new()));
    }
    if stands.is_none() {
        return Ok((Effect::Created, Vec::new()));
    }
    let changed = diff::fields(&before.catalog, &intent.change);
    Ok((if changed.is_empty() { Effect::Unchanged } else { Effect::Updated }, changed))
}

/// What is wrong with the change whatever the catalog says.
fn check_fields(change: &Change) -> Result<(), Error> {
    let violations = match change {
        Change::Image(image) => image.violations(),
        Change::Template(template) => template.violations(),
        Change::Machine(machine) => machine.violations(),
        Change::Rule(rule) => rule.violations(),
        Change::Delete(..) => Vec::new(),
    };
    if violations.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(format!("{} {} is not valid", change.noun(), change.name()), violations))
}

fn check_message(message: &str) -> Result<(), Error> {
    if message.len() > MAX_MESSAGE {
        let problem = format!("has {} bytes; at most {MAX_MESSAGE} are kept", message.len());
        return Err(Error::invalid_field("message", problem));
    }
    match message.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        Some(c) => {
            Err(Error::invalid_field("message", format!("contains the control character {c:?}; remove it")))
        }
        None => Ok(()),
    }
}

fn check_references(before: &Snapshot, next: &Snapshot, changes: &Changes) -> Result<(), Error> {
    let built_in =
        |name: &Name| reserved_names().find(|(built_in, _)| *built_in == name).map(|(_, kind)| kind);
    let clashes = before.catalog.clashes(&next.catalog, changes, built_in);
    let Some(first) = clashes.first() else { return Ok(()) };
    let code = match first {
        Clash::UnknownImage { .. } | Clash::UnknownTemplate { .. } => Code::NotFound,
        Clash::Taken { .. } => Code::AlreadyExists,
        Clash::WrongKind { .. } => Code::InvalidArgument,
        Clash::KindChanged { .. } | Clash::InUse { .. } => Code::FailedPrecondition,
    };
    let change = &changes.changes[0].change;
    let message = match change {
        Change::Delete(noun, name) => format!("{noun} {name} can not be deleted"),
        other => format!("{} {} can not be stored", other.noun(), other.name()),
    };
    let violations = clashes.iter().map(|clash| Violation::new(clash.field(), clash.to_string())).collect();
    Err(Error::new(code, message).with_fields(violations))
}

/// Renders a saved template with the samples, and looks for templates that break with this change.
fn check_template(before: &Snapshot, next: &Snapshot, change: &Change) -> Result<Vec<String>, Error> {
    let mut warnings = Vec::new();
    if change.noun() != Noun::Template {
        return Ok(warnings);
    }
    let own = change.name();
    if let Change::Template(template) = change {
        let what = || format!("template {} is not saved", template.name);
        let entry = next.templates.get(own.as_str());
        if let Some(broken) = entry.and_then(|entry| entry.broken.as_ref()) {
            return Err(Error::invalid(what(), vec![Violation::new("source", broken.to_string())]));
        }
        let check = next.templates.check(own.as_str());
        if let Some((sample, error)) = check.errors.first() {
            let problem = format!("rendering it for the sample {sample:?} failed\n{error}");
            return Err(Error::invalid(what(), vec![Violation::new("source", problem)]));
        }
        warnings.extend(check.warnings);
    }
    for entry in next.templates.iter().filter(|entry| entry.template.name != *own) {
        let was_broken =
            before.templates.get(entry.template.name.as_str()).is_some_and(|was| was.broken.is_some());
        if let Some(broken) = entry.broken.as_ref().filter(|_| !was_broken) {
            warnings.push(format!("template {} can not be rendered any more: {broken}", entry.template.name));
        }
    }
    Ok(warnings)
}

fn first_relative_path(image: &Image) -> Option<&str> {
    let paths = image.kernel.iter().chain(&image.initrds).chain(&image.rootfs);
    paths.map(String::as_str).find(|path| !path.contains("://"))
}

impl Intent {
    /// Makes `change` whatever stands there.
    pub fn new(change: Change) -> Self {
        Self { change, base_revision: None, must_exist: false }
    }
}

impl Snapshot {
    /// The failure when nothing stands under a name, with the names that are most like it.
    pub fn not_found(&self, noun: Noun, name: &str) -> Error {
        let names: Vec<&str> = match noun {
            Noun::Image => self.catalog.images().keys().map(Name::as_str).collect(),
            Noun::Machine => self.catalog.machines().keys().map(Name::as_str).collect(),
            Noun::Rule => self.catalog.rules().keys().map(Name::as_str).collect(),
            Noun::Template => self.templates.iter().map(|entry| entry.template.name.as_str()).collect(),
        };
        let mut alike: Vec<_> = names
            .into_iter()
            .map(|other| (strsim::jaro_winkler(name, other), other))
            .filter(|(likeness, _)| *likeness > 0.85)
            .collect();
        alike.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let hint = match alike.as_slice() {
            [] => String::new(),
            some => {
                let names: Vec<_> = some.iter().take(3).map(|(_, name)| *name).collect();
                format!("; did you mean {}?", names.join(", "))
            }
        };
        Error::new(Code::NotFound, format!("there is no {noun} {name}{hint}"))
    }
}
