//! What is wrong with changes that only what they lead to can tell: references that lead nowhere, templates that do not
//! render. Servers refuse such changes, and the tests of operators do so without a server.

use super::Snapshot;
use crate::catalog::Clash;
use crate::domain::{Change, Changes, Kind, Name, Noun};
use crate::lint::Finding;
use crate::render::{TemplateSet, reserved_names};

/// Which of `changes`, that lead from `before` to `next`, clash with others or with what stands there already; each with
/// what is wrong, for people.
pub fn check_references<'a>(
    before: &Snapshot,
    next: &Snapshot,
    changes: &'a Changes,
) -> Vec<(&'a Change, Clash, String)> {
    let built_in = |name: &Name| -> Option<Kind> {
        reserved_names().find(|(known, _)| *known == name).map(|found| found.1)
    };
    let told = |(change, clash): (&'a Change, Clash)| {
        let problem = match &clash {
            Clash::UnknownImage { name, .. } => {
                format!("{clash}{}", next.suggestion(Noun::Image, name.as_str()))
            }
            Clash::UnknownTemplate { name, .. } => {
                format!("{clash}{}", next.suggestion(Noun::Template, name.as_str()))
            }
            _ => clash.to_string(),
        };
        (change, clash, problem)
    };
    before.catalog.clashes(&next.catalog, changes, built_in).into_iter().map(told).collect()
}

/// Why a template can not be saved, if it can not: it does not compile, or does not render for a sample. Also what its
/// author should know.
pub fn check_template(templates: &TemplateSet, name: &str) -> (Option<String>, Vec<String>) {
    let broken = templates.get(name).and_then(|entry| entry.broken.as_ref());
    let check = templates.check(name);
    let problem = match (broken, check.errors.first()) {
        (Some(broken), _) => Some(broken.to_string()),
        (None, Some(("every", error))) => Some(error.to_string()),
        (None, Some((sample, error))) => {
            Some(format!("rendering it for the sample {sample:?} failed\n{error}"))
        }
        (None, None) => None,
    };
    (problem, check.warnings)
}

/// A finding of the linter, in one paragraph.
pub fn tell_finding(finding: &Finding) -> String {
    let place = match &finding.origin {
        Some(origin) => format!("{}:{}", origin.template, origin.line),
        None => format!("line {} of the document", finding.place.line),
    };
    let sample = finding.sample.map(|sample| format!(" (for the sample {sample:?})")).unwrap_or_default();
    format!("{place}: {}: {}{sample}; {}", finding.code(), finding.message, finding.advice())
}
