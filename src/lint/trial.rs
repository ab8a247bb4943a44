//! A template as a whole: whether it compiles and renders, and then what it makes.

use super::asset::Fates;
use super::finding::{Finding, Origin, Place};
use super::rule::{Rule, rules};
use super::template::{lint_template, lint_template_asked};
use crate::render::{RenderError, TemplateSet};

rules! {
BROKEN = "TPL001" Error, "the template does not compile",
    "The server refuses to save it. One that is stored already makes no document, and its machines hold.",
    "Mend what the message names; `template vars --template-file` shows what a template reads.";
FAILS = "TPL002" Error, "the template does not render",
    "The samples stand for machines that are known and unknown, of BIOS and UEFI, with and without an image. The template fails for one of them, so it will for machines like it; the server refuses to save it.",
    "Mend what the message names; ask first whether a value is there: `{% if machine %}`, or `|default(…)`.";
REMARK = "TPL003" Info, "about the template",
    "What the server says when it saves the template: which params it needs from images, rules or machines, and what could not be tried.",
    "Nothing, if the params are given.";
}

/// Everything that the server would say of the template `name` when it is saved, and more: that it does not compile or
/// render, or else what is wrong with the documents that it makes of the samples. With `fates`, also what came of asking
/// for its [`template_assets`](super::template_assets).
pub fn check_template(set: &TemplateSet, name: &str, fates: Option<&Fates>) -> Vec<Finding> {
    let check = set.check(name);
    let mut found: Vec<Finding> = Vec::new();
    for (sample, error) in &check.errors {
        let every = *sample == "every";
        let mut finding = failed(if every { &BROKEN } else { &FAILS }, name, error);
        finding.sample = (!every).then_some(*sample);
        // Most fail for several samples in the same way.
        let known = |one: &Finding| one.origin == finding.origin && one.message == finding.message;
        if !found.iter().any(known) {
            found.push(finding);
        }
    }
    if found.is_empty() {
        found = match fates {
            Some(fates) => lint_template_asked(set, name, fates),
            None => lint_template(set, name),
        };
    }
    found.extend(check.warnings.into_iter().map(|warning| at(&REMARK, name, 1, warning)));
    found
}

fn failed(rule: &'static Rule, name: &str, error: &RenderError) -> Finding {
    let Some(spot) = error.spots.first() else { return at(rule, name, 1, error.reason.to_string()) };
    let way: String = error.spots.iter().skip(1).map(|spot| format!(", included from {spot}")).collect();
    let mut finding = at(rule, &spot.template, spot.line.unwrap_or(1), format!("{}{way}", error.reason));
    finding.place.column = spot.column.unwrap_or(1);
    finding.place.width = spot.width.max(1);
    finding.place.text = spot.source.clone().unwrap_or_default();
    finding
}

fn at(rule: &'static Rule, template: &str, line: usize, message: String) -> Finding {
    let mut finding = Finding::new(rule, 0..0, message);
    finding.origin = Some(Origin { template: template.to_owned(), line });
    finding.place = Place { line, column: 1, width: 1, text: String::new() };
    finding
}
