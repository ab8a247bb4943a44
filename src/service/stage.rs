//! What changes come to, checked in memory before anything is stored.

use std::collections::HashSet;
use std::sync::Arc;

use super::unmask::unmask;
use super::{Assets, Effect, Intent, Service, Snapshot, diff, params};
use crate::boot::{self, Armed, Secrets, check_params, check_template, tell_finding};
use crate::catalog::Clash;
use crate::domain::{ACCEPTED, ARMED, Change, Changes, Image, Machine, Name, Noun, Stamped, Violation};
use crate::error::{Code, Error};
use crate::lint::{Severity, lint_template};

/// Changes that are possible, and the snapshot that they lead to.
pub(super) struct Staged {
    /// What each change does, and the fields that it changes.
    pub(super) effects: Vec<(Effect, Vec<String>)>,
    /// Those that change something.
    pub(super) changes: Changes,
    /// What is served after them.
    pub(super) next: Arc<Snapshot>,
    /// Worth reading, but no reason to refuse.
    pub(super) warnings: Vec<String>,
}

impl Service {
    /// Lays the changes on `before`.
    pub(super) fn stage(&self, before: &Arc<Snapshot>, intents: &[Intent]) -> Result<Staged, Error> {
        check_fields(intents)?;
        let intents = &with_states(before, &unmask(before, intents)?);
        let secrets = Secrets::of(&[before]);
        let effects = intents.iter().map(|intent| effect(before, intent, &secrets));
        let effects = effects.collect::<Result<Vec<_>, _>>()?;
        let revision = before.catalog.revision() + 1;
        let changing = intents.iter().zip(&effects).filter(|(_, (effect, _))| *effect != Effect::Unchanged);
        let stamp =
            |(intent, _): (&Intent, _)| Stamped { revision, change: numbered(before, &intent.change) };
        let changes = Changes { revision, changes: changing.map(stamp).collect() };
        if changes.changes.is_empty() {
            return Ok(Staged { effects, changes, next: before.clone(), warnings: Vec::new() });
        }
        let next = Arc::new(before.with(&changes, self.inner.settings.limits, self.now()));
        check_references(before, &next, &changes)?;
        let mut warnings = check_templates(before, &next, &changes)?;
        let (wrong, advice) = check_params(before, &next, &changes);
        params::refuse(wrong, &changes)?;
        warnings.extend(advice);
        warnings.extend(changes.changes.iter().filter_map(|stamped| self.warn(&stamped.change)));
        Ok(Staged { effects, changes, next, warnings })
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

/// A template has the number of the save that it will be.
fn numbered(before: &Snapshot, change: &Change) -> Change {
    let mut change = change.clone();
    if let Change::Template(template) = &mut change {
        let head = before.catalog.templates().get(&template.name).map_or(0, |entry| entry.value.head);
        template.head = head + 1;
    }
    change
}

/// What the intent comes to on the catalog before it, and the fields that it changes.
fn effect(before: &Snapshot, intent: &Intent, secrets: &Secrets) -> Result<(Effect, Vec<String>), Error> {
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
    let changed = diff::fields(&before.catalog, &intent.change, secrets);
    Ok((if changed.is_empty() { Effect::Unchanged } else { Effect::Updated }, changed))
}

/// What is wrong with the changes whatever the catalog says.
pub(super) fn check_fields(intents: &[Intent]) -> Result<(), Error> {
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
pub(super) fn refuse(
    code: Code,
    what: &str,
    single: bool,
    found: Vec<(&Change, String, String)>,
) -> Result<(), Error> {
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

fn check_references(before: &Snapshot, next: &Snapshot, changes: &Changes) -> Result<(), Error> {
    let clashes = boot::check_references(before, next, changes);
    let Some((change, first, _)) = clashes.first() else { return Ok(()) };
    let code = match first {
        Clash::UnknownImage { .. } | Clash::UnknownTemplate { .. } => Code::NotFound,
        Clash::Taken { .. } => Code::AlreadyExists,
        Clash::WrongKind { .. } => Code::InvalidArgument,
        Clash::KindChanged { .. } | Clash::InUse { .. } => Code::FailedPrecondition,
    };
    let deletes = matches!(change, Change::Delete(..));
    let what = if deletes { "can not be deleted" } else { "can not be stored" };
    let found =
        clashes.iter().map(|(change, clash, problem)| (*change, clash.field().to_owned(), problem.clone()));
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
        let (problem, advice) = check_template(&next.templates, name);
        if problem.is_none() {
            for finding in lint_template(&next.templates, name) {
                match finding.severity() {
                    Severity::Error => found.push((*change, "source".to_owned(), tell_finding(&finding))),
                    Severity::Warning => warnings.push(tell_finding(&finding)),
                    Severity::Info => {}
                }
            }
        }
        found.extend(problem.map(|problem| (*change, "source".to_owned(), problem)));
        warnings.extend(advice);
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

/// The same changes, where machines stay accepted and armed of which nothing else is said: who registers a machine anew, from
/// a file perhaps, means what it is and not what became of it. One with other identities is another machine.
fn with_states(before: &Snapshot, intents: &[Intent]) -> Vec<Intent> {
    let mut intents = intents.to_vec();
    for intent in &mut intents {
        let Change::Machine(machine) = &mut intent.change else { continue };
        let Some(old) = before.catalog.machines().get(machine.name.as_str()) else { continue };
        if is_same_computer(&old.value, machine) {
            keep_state(&old.value, machine);
        }
    }
    intents
}

fn is_same_computer(old: &Machine, new: &Machine) -> bool {
    (&old.macs, &old.uuid, &old.serial) == (&new.macs, &new.uuid, &new.serial)
}

fn keep_state(old: &Machine, new: &mut Machine) {
    let used = Armed::of(old).filter(|armed| armed.boot.is_some());
    if used.is_some_and(|used| Armed::of(new).is_some_and(|armed| armed.id == used.id)) {
        // An old file must not let it be installed once more.
        new.params.remove(ARMED);
    }
    for state in [ACCEPTED, ARMED] {
        if let (false, Some(value)) = (new.params.contains_key(state), old.params.get(state)) {
            new.params.insert(state.to_owned(), value.clone());
        }
    }
}
