//! Refuses changes after which documents of registered machines can no longer be rendered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Service, Snapshot};
use crate::boot::{self, Boot, Comparison, Scope, Secrets};
use crate::domain::{Change, Changes, Name, Noun, Violation, plural};
use crate::error::{Code, Error};

/// How many machines an error names for each reason.
const NAMED: usize = 10;

/// How many reasons an error gives.
const REASONS: usize = 20;

impl Service {
    /// What `changes` do to the machines that they can reach.
    pub(super) async fn compare(
        &self,
        before: &Arc<Snapshot>,
        after: &Arc<Snapshot>,
        changes: &Changes,
        done: impl Fn(usize, usize) + Send + Sync + 'static,
    ) -> Result<Comparison, Error> {
        let (service, before, after, scope) = (self.clone(), before.clone(), after.clone(), scope(changes));
        let work = move || {
            let server = service.server(None);
            let secrets = Secrets::of(&[&before, &after]);
            let boot = |snapshot| Boot { secrets: Some(&secrets), ..service.boot(snapshot, &server) };
            boot::compare(boot(&before), boot(&after), &scope, &done)
        };
        // It may take seconds, and machines must be answered meanwhile.
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|e| Error::new(Code::Internal, "the comparison of all machines broke off").caused_by(e))
    }

    /// Refuses what makes documents fail, unless it is forced: then it says what was overridden.
    pub(super) async fn gate(
        &self,
        before: &Arc<Snapshot>,
        after: &Arc<Snapshot>,
        changes: &Changes,
        force: bool,
    ) -> Result<Option<String>, Error> {
        let comparison = self.compare(before, after, changes, |_, _| ()).await?;
        let failing = Failing::of(&comparison, changes);
        match (failing.machines.len(), force) {
            (0, _) => Ok(None),
            (_, true) => Ok(Some(failing.summary())),
            (_, false) => Err(failing.into_error()),
        }
    }
}

/// Adds to a message what was overridden; without a message nothing may be.
pub(super) fn with_forced(message: &str, forced: &Option<String>) -> Result<String, Error> {
    match forced {
        None => Ok(message.to_owned()),
        Some(_) if message.trim().is_empty() => Err(Error::invalid_field(
            "message",
            "is missing; say why documents that can not be rendered may be stored",
        )),
        Some(forced) => Ok(format!("{message}\n\nForced although {forced}")),
    }
}

/// A machine's own change reaches that machine; any other may reach all.
fn scope(changes: &Changes) -> Scope {
    let machine = |change: &Change| (change.noun() == Noun::Machine).then(|| change.name().clone());
    let names: Option<BTreeSet<Name>> =
        changes.changes.iter().map(|stamped| machine(&stamped.change)).collect();
    names.map_or(Scope::All, Scope::Machines)
}

/// Why documents fail, and of which machines.
struct Failing<'a> {
    machines: BTreeSet<&'a Name>,
    reasons: BTreeMap<(String, &'a str), Vec<&'a Name>>,
}

impl<'a> Failing<'a> {
    /// What fails that did not before; of a template that is saved, everything that fails.
    fn of(comparison: &'a Comparison, changes: &Changes) -> Self {
        let is_saved = |name: &str| {
            let saves = |change: &Change| matches!(change, Change::Template(t) if t.name.as_str() == name);
            changes.changes.iter().any(|stamped| saves(&stamped.change))
        };
        let mut failing = Self { machines: BTreeSet::new(), reasons: BTreeMap::new() };
        for group in &comparison.groups {
            let counts = match group.effect {
                boot::Effect::Fails => true,
                boot::Effect::StillFails => group.template.as_deref().is_some_and(is_saved),
                _ => false,
            };
            if counts {
                let kind = group.kind.map(|kind| kind.to_string()).unwrap_or_default();
                failing.machines.extend(&group.machines);
                failing.reasons.entry((kind, &group.detail)).or_default().extend(&group.machines);
            }
        }
        failing
    }

    /// One line.
    fn summary(&self) -> String {
        let count = self.machines.len();
        let names = named(&self.machines.iter().copied().collect::<Vec<_>>());
        format!(
            "documents of {count} registered machine{} can not be rendered: {names}",
            plural(count as u64)
        )
    }

    fn into_error(self) -> Error {
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by_key(|(_, machines)| std::cmp::Reverse(machines.len()));
        let mut violations: Vec<_> = reasons
            .iter()
            .take(REASONS)
            .map(|((kind, problem), machines)| {
                let count = machines.len();
                let field =
                    format!("{kind} of {count} machine{} ({})", plural(count as u64), named(machines));
                Violation::new(field, *problem)
            })
            .collect();
        if reasons.len() > REASONS {
            let problem = "mend these first, or look at all of them with pxe-init-client plan";
            violations.push(Violation::new(format!("{} reasons more", reasons.len() - REASONS), problem));
        }
        let message = format!(
            "nothing was changed: {}. Mend it, or override this: --force with --message, which says why",
            self.summary()
        );
        Error::new(Code::FailedPrecondition, message).with_fields(violations)
    }
}

fn named(machines: &[&Name]) -> String {
    let mut names: Vec<_> = machines.iter().take(NAMED).map(|name| name.as_str()).collect();
    if machines.len() > NAMED {
        names.push("…");
    }
    names.join(", ")
}
