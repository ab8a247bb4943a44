//! Lints what a template makes, and says where in the template each finding comes from.

use std::collections::{BTreeMap, BTreeSet};

use super::asset::{self, Asset, Fates};
use super::finding::{Finding, Lines, Origin};
use super::silence::{Comments, Silence};
use super::{examine, silence};
use crate::domain::Kind;
use crate::render::{Context, Spans, TemplateSet, Tried};

/// Everything that is wrong with what the template `name` makes of the sample machines: each mistake once, with the first
/// machine that has it. What does not render is no finding here; [`TemplateSet::check`] says so.
///
/// A mistake can be silenced in the template too: `{# lint: allow CODE because REASON #}`, on its line or the one before.
pub fn lint_template(set: &TemplateSet, name: &str) -> Vec<Finding> {
    run(set, name, None)
}

/// The same, with what came of asking for the [`template_assets`].
pub fn lint_template_asked(set: &TemplateSet, name: &str, fates: &Fates) -> Vec<Finding> {
    run(set, name, Some(fates))
}

/// What the template `name` makes machines load, where it is no value that says so: what samples have is made up.
pub fn template_assets(set: &TemplateSet, name: &str) -> Vec<Asset> {
    let Some(kind) = set.get(name).map(|entry| entry.template.kind) else { return Vec::new() };
    let contexts = set.sample_contexts(name).into_iter().flat_map(|tried| tried.contexts);
    let documents = contexts.filter_map(|context| set.render_with_spans(name, &context).ok());
    documents.flat_map(|(document, spans)| literal(kind, &document, &spans)).collect()
}

fn literal(kind: Kind, document: &str, spans: &Spans) -> Vec<Asset> {
    let mut assets = asset::assets(kind, document);
    assets.retain(|one| asset::is_literal(one, spans));
    assets
}

fn run(set: &TemplateSet, name: &str, fates: Option<&Fates>) -> Vec<Finding> {
    let Some(kind) = set.get(name).map(|entry| entry.template.kind) else { return Vec::new() };
    let mut merged = Merged { fates, ..Merged::default() };
    for Tried { sample, contexts, made_up } in set.sample_contexts(name) {
        let document = |context| merged.document(set, kind, name, context, made_up);
        let mut found = contexts.iter().filter_map(document);
        let Some(mut first) = found.next() else { continue };
        // What a made-up param is to blame for is not there with another one.
        for other in found {
            first.retain(|finding| other.iter().any(|one| key(one) == key(finding)));
        }
        for mut finding in first {
            finding.sample = Some(sample);
            merged.findings.entry(key(&finding)).or_insert(finding);
        }
    }
    merged.finish(set, name)
}

/// Everything that is wrong with a document that a template made for one machine. Silences count, wherever they stand; one
/// that is of no use for this machine may be for another, and is no finding.
pub fn lint_rendered(set: &TemplateSet, kind: Kind, document: &str, spans: &Spans) -> Vec<Finding> {
    let mut findings = examine(kind, document, Some(spans), None).findings;
    for template in origins(&findings) {
        let Some(entry) = set.get(&template) else { continue };
        let source = &entry.template.source;
        let mut silences = silence::find(source, &Lines::of(source), Comments::Template);
        take_silenced(&mut findings, &template, &mut silences);
    }
    findings
}

/// What makes two findings the same mistake: the text differs from machine to machine.
type Key = (Option<Origin>, &'static str, String);

fn key(finding: &Finding) -> Key {
    // Two URLs of a line are two mistakes.
    let is_asset = asset::RULES.contains(&finding.rule);
    let told_apart = finding.origin.is_none() || is_asset;
    let message = if told_apart { finding.message.clone() } else { String::new() };
    (finding.origin.clone(), finding.code(), message)
}

#[derive(Default)]
struct Merged<'a> {
    /// What is known about URLs.
    fates: Option<&'a Fates>,
    findings: BTreeMap<Key, Finding>,
    /// Silences that stand in documents: what is wrong with each, unless it is of use in another document.
    silences: BTreeMap<(Option<Origin>, String), Option<Finding>>,
}

impl Merged<'_> {
    fn document(
        &mut self,
        set: &TemplateSet,
        kind: Kind,
        name: &str,
        context: &Context,
        made_up: bool,
    ) -> Option<Vec<Finding>> {
        let (document, spans) = set.render_with_spans(name, context).ok()?;
        let asked = self.fates.map(|fates| (literal(kind, &document, &spans), fates));
        let mut report = examine(kind, &document, Some(&spans), asked);
        if made_up {
            // A value that nobody gave is no mistake of the template's.
            report.findings.retain(|finding| !spans.is_value(finding.range.start));
        }
        for silence in &report.silences {
            self.remember(silence, &document, &spans);
        }
        Some(report.findings)
    }

    fn remember(&mut self, silence: &Silence, document: &str, spans: &Spans) {
        let lines = Lines::of(document);
        let mut wrong = silence.findings();
        for finding in &mut wrong {
            finding.locate(document, &lines, Some(spans));
        }
        let origin = spans.at(silence.range.start);
        let origin = origin.map(|(template, line)| Origin { template: template.to_owned(), line });
        for (code, used) in &silence.codes {
            let known = self.silences.entry((origin.clone(), code.clone()));
            let about = wrong.iter().find(|finding| finding.message.contains(code.as_str()));
            let wrong = about.or(wrong.first()).filter(|_| !used).cloned();
            let known = known.or_insert_with(|| wrong.clone());
            if wrong.is_none() {
                *known = None;
            }
        }
    }

    fn finish(self, set: &TemplateSet, name: &str) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.findings.into_values().collect();
        let mut names = origins(&findings);
        names.insert(name.to_owned());
        for template in names {
            let Some(entry) = set.get(&template) else { continue };
            let source = &entry.template.source;
            let lines = Lines::of(source);
            let mut silences = silence::find(source, &lines, Comments::Template);
            if self.fates.is_none() {
                silences.iter_mut().for_each(Silence::excuse);
            }
            take_silenced(&mut findings, &template, &mut silences);
            for mut finding in silences.iter().flat_map(Silence::findings) {
                finding.locate(source, &lines, None);
                finding.origin = Some(Origin { template: template.clone(), line: finding.place.line });
                findings.push(finding);
            }
        }
        findings.extend(self.silences.into_values().flatten());
        findings.sort_by_cached_key(key);
        findings
    }
}

/// The templates that findings come from.
fn origins(findings: &[Finding]) -> BTreeSet<String> {
    findings.iter().filter_map(|finding| Some(finding.origin.as_ref()?.template.clone())).collect()
}

/// Takes out what a comment of `template` silences.
fn take_silenced(findings: &mut Vec<Finding>, template: &str, silences: &mut [Silence]) {
    findings.retain(|finding| {
        let Some(origin) = finding.origin.as_ref().filter(|origin| origin.template == template) else {
            return true;
        };
        // Each has to learn that it is of use.
        let taken = silences.iter_mut().map(|one| one.takes(finding.code(), origin.line));
        taken.filter(|taken| *taken).count() == 0
    });
}
