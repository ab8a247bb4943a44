//! Changes to the nouns: checked in memory against what they lead to, stored whole or not at all, visible at once.

use std::collections::HashSet;
use std::sync::Arc;

use super::params::check_params;
use super::{Assets, Service, Snapshot, diff, not_loaded};
use crate::catalog::Clash;
use crate::domain::{Actor, Change, Changes, Image, Name, Noun, Stamped, Violation};
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
        let mut written = self.write_all(actor, vec![intent], options).await?;
        written.pop().ok_or_else(|| Error::new(Code::Internal, "the write has no result"))
    }

    /// Makes all of these changes, or none. Each may rely on the others: what counts is the catalog after all of them.
    pub async fn write_all(
        &self,
        actor: &Actor,
        intents: Vec<Intent>,
        options: &WriteOptions,
    ) -> Result<Vec<Written>, Error> {
        check_message(&options.message)?;
        check_fields(&intents)?;
        let service = self.clone();
        let (actor, options) = (actor.clone(), options.clone());
        // In a task of its own: a caller who hangs up must not stop it between the commit and the swap.
        let task = tokio::spawn(async move { service.transact(&actor, &intents, &options).await });
        task.await.map_err(|e| {
            Error::new(Code::Internal, "the write broke off; look whether it is there").caused_by(e)
        })?
    }

    async fn transact(
        &self,
        actor: &Actor,
        intents: &[Intent],
        options: &WriteOptions,
    ) -> Result<Vec<Written>, Error> {
        let _advancing = self.inner.advancing.lock().await;
        let settings = &self.inner.settings;
        let now = self.now();
        let mut transaction = self.inner.store.begin(actor, now).await?;
        // Under the lock of the transaction nobody else writes: what is checked here holds until the commit.
        let before = {
            let served = self.inner.snapshot.load_full().ok_or_else(not_loaded)?;
            let base = self.base(served, transaction.revision() - 1);
            let missed = transaction.changes_since(base.catalog.revision()).await?;
            Arc::new(base.with(&missed, settings.limits, now))
        };
        let plans = intents.iter().map(|intent| plan(&before, intent)).collect::<Result<Vec<_>, _>>()?;
        let mut changes = Changes { revision: transaction.revision(), changes: Vec::new() };
        for (intent, _) in intents.iter().zip(&plans).filter(|(_, (effect, _))| *effect != Effect::Unchanged)
        {
            changes.changes.push(Stamped { revision: changes.revision, change: intent.change.clone() });
        }
        if changes.changes.is_empty() {
            transaction.rollback().await?;
            return Ok(written(plans, before.catalog.revision(), Vec::new()));
        }
        let mut next = before.with(&changes, settings.limits, now);
        check_references(&before, &next, &changes)?;
        for stamped in &mut changes.changes {
            // As the store has it: a template has the number of its revision now.
            *stamped = transaction.put(&stamped.change, &options.message).await?;
        }
        if changes.changes.iter().any(|stamped| stamped.change.noun() == Noun::Template) {
            next = before.with(&changes, settings.limits, now);
        }
        let mut warnings = check_templates(&before, &next, &changes)?;
        warnings.extend(check_params(&before, &next, &changes)?);
        warnings.extend(changes.changes.iter().filter_map(|stamped| self.warn(&stamped.change)));
        if options.dry_run {
            transaction.rollback().await?;
            return Ok(written(plans, before.catalog.revision(), warnings));
        }
        let revision = transaction.commit().await?;
        self.publish(Arc::new(next));
        for Stamped { change, .. } in &changes.changes {
            tracing::info!(actor = %actor, noun = %change.noun(), name = %change.name(), revision, "changed");
        }
        Ok(written(plans, revision, warnings))
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

/// What is wrong with the changes whatever the catalog says.
fn check_fields(intents: &[Intent]) -> Result<(), Error> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for Intent { change, .. } in intents {
        let violations = match change {
            Change::Image(image) => image.violations(),
            Change::Template(template) => template.violations(),
            Change::Machine(machine) => machine.violations(),
            Change::Rule(rule) => rule.violations(),
            Change::Delete(..) => Vec::new(),
        };
        found.extend(violations.into_iter().map(|violation| (change, violation.field, violation.problem)));
        if !seen.insert((change.noun(), change.name())) {
            found.push((change, "name".to_owned(), "is given twice".to_owned()));
        }
    }
    refuse(Code::InvalidArgument, "is not valid", intents.len() == 1, found)
}

/// An error that names the change of each wrong field; where there is one change only, as a whole.
fn refuse(code: Code, what: &str, single: bool, found: Vec<(&Change, String, String)>) -> Result<(), Error> {
    let Some((first, ..)) = found.first() else { return Ok(()) };
    let message = match single {
        true => format!("{} {} {what}", first.noun(), first.name()),
        false => format!("nothing was changed: something {what}"),
    };
    let violations = found.into_iter().map(|(change, field, problem)| match single {
        true => Violation::new(field, problem),
        false => Violation::new(format!("{}/{}: {field}", change.noun(), change.name()), problem),
    });
    Err(Error::new(code, message).with_fields(violations.collect()))
}

/// The result of each change; the warnings go with the first one.
fn written(plans: Vec<(Effect, Vec<String>)>, revision: u64, mut warnings: Vec<String>) -> Vec<Written> {
    let result =
        |(effect, changed)| Written { effect, revision, warnings: std::mem::take(&mut warnings), changed };
    plans.into_iter().map(result).collect()
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
    let Some((_, first)) = clashes.first() else { return Ok(()) };
    let code = match first {
        Clash::UnknownImage { .. } | Clash::UnknownTemplate { .. } => Code::NotFound,
        Clash::Taken { .. } => Code::AlreadyExists,
        Clash::WrongKind { .. } => Code::InvalidArgument,
        Clash::KindChanged { .. } | Clash::InUse { .. } => Code::FailedPrecondition,
    };
    let deletes = matches!(clashes[0].0, Change::Delete(..));
    let what = if deletes { "can not be deleted" } else { "can not be stored" };
    let found = clashes.iter().map(|(change, clash)| {
        let problem = match clash {
            Clash::UnknownImage { name, .. } => {
                format!("{clash}{}", next.suggestion(Noun::Image, name.as_str()))
            }
            Clash::UnknownTemplate { name, .. } => {
                format!("{clash}{}", next.suggestion(Noun::Template, name.as_str()))
            }
            _ => clash.to_string(),
        };
        (*change, clash.field().to_owned(), problem)
    });
    refuse(code, what, changes.changes.len() == 1, found.collect())
}

/// Renders saved templates with the samples, and looks for templates that break with these changes.
fn check_templates(before: &Snapshot, next: &Snapshot, changes: &Changes) -> Result<Vec<String>, Error> {
    let (mut warnings, mut found) = (Vec::new(), Vec::new());
    let changed: Vec<_> = changes
        .changes
        .iter()
        .map(|stamped| &stamped.change)
        .filter(|change| change.noun() == Noun::Template)
        .collect();
    if changed.is_empty() {
        return Ok(warnings);
    }
    for change in changed.iter().filter(|change| matches!(change, Change::Template(_))) {
        let name = change.name().as_str();
        let broken = next.templates.get(name).and_then(|entry| entry.broken.as_ref());
        let check = next.templates.check(name);
        let problem = match (broken, check.errors.first()) {
            (Some(broken), _) => Some(broken.to_string()),
            (None, Some(("every", error))) => Some(error.to_string()),
            (None, Some((sample, error))) => {
                Some(format!("rendering it for the sample {sample:?} failed\n{error}"))
            }
            (None, None) => None,
        };
        found.extend(problem.map(|problem| (*change, "source".to_owned(), problem)));
        warnings.extend(check.warnings);
    }
    refuse(Code::InvalidArgument, "is not saved", changes.changes.len() == 1, found)?;
    let is_changed = |name: &Name| changed.iter().any(|change| change.name() == name);
    for entry in next.templates.iter().filter(|entry| !is_changed(&entry.template.name)) {
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
