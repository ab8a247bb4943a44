//! From manifests to what a server that has applied them would serve, refused as that server would refuse it.

use std::collections::HashMap;

use super::report::{Check, Failure, Subject, What};
use crate::boot::{Snapshot, check_params, check_references, check_template, tell_finding};
use crate::domain::{Change, Changes, Name, Noun, Stamped, Template, Timestamp};
use crate::lint::{Severity, lint_template};
use crate::manifest::{Located, Place, Problem, Resource};
use crate::render::Limits;

/// What a server would serve.
pub(super) struct Site {
    pub(super) snapshot: Snapshot,
    /// The stored templates, each with the place of its source.
    templates: Vec<(Name, Place)>,
}

/// Nothing that is rendered knows the time.
const NOW: Timestamp = Timestamp(0);

impl Site {
    /// Applies everything to an empty catalog.
    pub(super) fn build(resources: Vec<Located<Resource>>, limits: Limits) -> Result<Self, Vec<Problem>> {
        let mut places = HashMap::new();
        let mut templates = Vec::new();
        let mut changes = Changes { revision: 1, changes: Vec::new() };
        for Located { place, source, value } in resources {
            let (noun, name) = (value.noun(), value.name().clone());
            if noun == Noun::Template {
                let source = source.as_deref().map_or_else(|| place.clone(), Place::of_file);
                templates.push((name.clone(), source));
            }
            places.insert((noun, name), place);
            changes.changes.push(Stamped { revision: 1, change: change(value) });
        }
        let empty = Snapshot::empty(limits, NOW);
        let snapshot = empty.with(&changes, limits, NOW);
        let problem = |noun: Noun, name: &Name, what: String| {
            let place = places.get(&(noun, name.clone())).cloned()?;
            Some(Problem { place, what: format!("{noun} {name}: {what}") })
        };
        let references = check_references(&empty, &snapshot, &changes).into_iter().filter_map(|found| {
            let (change, clash, what) = found;
            problem(change.noun(), change.name(), format!("{}: {what}", clash.field()))
        });
        let mut problems: Vec<_> = references.collect();
        if problems.is_empty() {
            let (wrong, _) = check_params(&empty, &snapshot, &changes);
            problems.extend(
                wrong
                    .into_iter()
                    .filter_map(|it| problem(it.noun, &it.name, format!("{}: {}", it.field, it.problem))),
            );
        }
        if problems.is_empty() { Ok(Self { snapshot, templates }) } else { Err(problems) }
    }

    /// The templates that a server would refuse.
    pub(super) fn templates(&self, lint: bool) -> Vec<Check> {
        let set = &self.snapshot.templates;
        let refused = |(name, place): &(Name, Place)| {
            let (problem, _) = check_template(set, name.as_str());
            let mut failures: Vec<_> =
                problem.into_iter().map(|problem| Failure::new(What::Template, problem)).collect();
            if failures.is_empty() && lint {
                let errors = lint_template(set, name.as_str()).into_iter();
                let errors = errors.filter(|finding| finding.severity() == Severity::Error);
                failures.extend(errors.map(|finding| Failure::new(What::Lint, tell_finding(&finding))));
            }
            let check = Check::new(Subject::Template, place.clone(), name.as_str(), failures);
            (!check.passed()).then_some(check)
        };
        self.templates.iter().filter_map(refused).collect()
    }
}

fn change(resource: Resource) -> Change {
    match resource {
        Resource::Image(image) => Change::Image(image),
        Resource::Machine(machine) => Change::Machine(machine),
        Resource::Rule(rule) => Change::Rule(rule),
        // It is its first save.
        Resource::Template(template) => Change::Template(Template { head: 1, ..template }),
    }
}
