//! Asks what a case asks, and holds the answers against what is expected.

use std::sync::Arc;

use super::case::{Case, Expect};
use super::report::{Failure, What};
use crate::boot::{Answer, Boot, OnUnknown, Outcome, Settings, facts_of, tell_finding};
use crate::domain::{Attribute, Facts, Kind, Name, Noun, Template};
use crate::lint::{Severity, lint_rendered};
use crate::manifest::Entry;
use crate::render::Origin;
use crate::resolve::{Layer, Resolution, resolve};

/// Where cases are played.
pub(super) struct Stage<'a> {
    pub(super) boot: Boot<'a>,
    pub(super) lint: bool,
}

/// What came of a case.
#[derive(Debug, Default)]
pub(super) struct Play {
    pub(super) failures: Vec<Failure>,
    pub(super) warnings: Vec<String>,
    /// The kinds that have a snapshot when the case passes.
    pub(super) kinds: Vec<Kind>,
    pub(super) documents: Vec<(Kind, String)>,
}

impl Stage<'_> {
    pub(super) fn play(&self, case: &Entry<Case>) -> Play {
        let mut play = Play::default();
        match self.question(&case.value) {
            Ok(question) => self.ask(&case.value, &question, &mut play),
            Err(told) => {
                play.failures.push(Failure::new(What::Case, told));
                // Its snapshots are not to blame.
                play.kinds = Kind::ALL.to_vec();
            }
        }
        play
    }

    /// What the case asks, unless it can not be asked.
    fn question(&self, case: &Case) -> Result<Question, String> {
        let snapshot = self.boot.snapshot;
        let missing = |noun: Noun, name: &str| {
            format!("there is no {noun} {name} in the manifests{}", snapshot.suggestion(noun, name))
        };
        let machine = match &case.machine {
            None => None,
            Some(name) => match snapshot.catalog.machines().get(name.as_str()) {
                None => return Err(missing(Noun::Machine, name.as_str())),
                Some(entry) => Some(entry.value),
            },
        };
        let machine = machine.as_deref();
        let facts = case.facts(machine.map(facts_of));
        let mut resolution = resolve(&snapshot.catalog, &facts);
        if let Some(machine) = machine {
            match resolution.machine.as_ref().map(|found| &found.name) {
                Some(found) if *found == machine.name => {}
                Some(found) => {
                    return Err(format!(
                        "its facts are those of machine {found}, not of machine {}",
                        machine.name
                    ));
                }
                None => {
                    let name = &machine.name;
                    return Err(format!(
                        "machine {name} is not recognised; it needs a MAC, a UUID or a serial number"
                    ));
                }
            }
        }
        if let Some(name) = &case.image {
            let Some(image) = snapshot.catalog.images().get(name) else {
                return Err(missing(Noun::Image, name.as_str()));
            };
            // As if the machine were bound to it.
            resolution = Resolution {
                image: Some(image.value.clone()),
                rule: None,
                missing_image: None,
                ..resolution
            };
        }
        let template = match &case.template {
            None => None,
            Some(name) => match snapshot.templates.get(name.as_str()) {
                None => return Err(missing(Noun::Template, name.as_str())),
                Some(entry) => Some(entry.template.clone()),
            },
        };
        Ok(Question { facts: facts.into(), resolution, template })
    }

    fn ask(&self, case: &Case, question: &Question, play: &mut Play) {
        let Question { facts, resolution, template } = question;
        let expect = &case.expect;
        expect.hold(resolution, play);
        // Whether a machine that nothing matches is held or sent away is a setting of the server, so the case decides.
        let sends_away = Settings { unknown: OnUnknown::NotFound, ..self.boot.settings.clone() };
        let settings = if expect.outcome == Outcome::NoMatch { &sends_away } else { self.boot.settings };
        let boot = Boot { settings, ..self.boot };
        let answers: Vec<Answer> = match template {
            Some(template) => vec![boot.answer_with(resolution, facts, template)],
            None => {
                let kinds = if case.kinds.is_empty() { self.kinds(resolution) } else { case.kinds.clone() };
                kinds.into_iter().map(|kind| boot.answer_resolved(resolution, facts, kind)).collect()
            }
        };
        for answer in answers {
            self.hold(expect, question, answer, play);
        }
        // Without the documents that are expected, what they lack is no news.
        if play.failures.iter().any(|failure| failure.what == What::Outcome) {
            return;
        }
        for text in &expect.contains {
            if !play.documents.iter().any(|(_, document)| document.contains(text.as_str())) {
                play.fail(What::Expectation, format!("no document contains {text:?}"));
            }
        }
        for text in &expect.lacks {
            let has = play.documents.iter().filter(|(_, document)| document.contains(text.as_str()));
            let kinds: Vec<_> = has.map(|(kind, _)| *kind).collect();
            for kind in kinds {
                play.fail(What::Expectation, format!("{kind} contains {text:?}"));
            }
        }
    }

    /// The script, and what else somebody said something about: documents that machines of every site get are no concern of
    /// this one's tests.
    fn kinds(&self, resolution: &Resolution) -> Vec<Kind> {
        let is_own = |name: &str| {
            self.boot.snapshot.templates.get(name).is_some_and(|entry| entry.origin != Origin::BuiltIn)
        };
        let chosen = |kind: &Kind| match resolution.template(*kind) {
            Some((name, Layer::Default)) => is_own(name),
            Some(_) => true,
            None => false,
        };
        let has = |kind: &Kind| *kind == Kind::Ipxe || (resolution.missing_image.is_none() && chosen(kind));
        Kind::ALL.into_iter().filter(has).collect()
    }

    /// Holds one answer against what is expected.
    fn hold(&self, expect: &Expect, question: &Question, answer: Answer, play: &mut Play) {
        let kind = answer.kind;
        if expect.has_documents() {
            play.kinds.push(kind);
        }
        let problem = answer.problem.clone().unwrap_or_default();
        if answer.outcome != expect.outcome {
            let (is, wanted) = (answer.outcome.as_str(), expect.outcome.as_str());
            let why = if problem.is_empty() { String::new() } else { format!(": {problem}") };
            play.fail(
                What::Outcome,
                format!("the outcome of {kind} is {is}, and should be {wanted}{why}{}", hint(&answer)),
            );
            return;
        }
        // What comes after the first line is the source of the template, which says all sorts of things.
        let reason = problem.lines().next().unwrap_or_default();
        if let Some(text) = expect.problem.as_ref().filter(|text| !reason.contains(text.as_str())) {
            play.fail(
                What::Expectation,
                format!("the problem with {kind} does not contain {text:?}: {reason}"),
            );
        }
        play.warnings.extend(answer.conflicts.iter().cloned());
        if expect.has_documents() && answer.document.is_none() {
            play.fail(What::Case, format!("{kind}: {problem}"));
        } else if expect.has_documents() {
            if self.lint {
                self.lint(question, &answer, play);
            }
            play.documents.extend(answer.document.map(|document| (kind, document.into())));
        }
    }

    fn lint(&self, Question { facts, resolution, .. }: &Question, answer: &Answer, play: &mut Play) {
        let spans = self.boot.spans(resolution, facts, answer).unwrap_or_default();
        let document = answer.document.as_deref().unwrap_or_default();
        for finding in lint_rendered(&self.boot.snapshot.templates, answer.kind, document, &spans) {
            match finding.severity() {
                Severity::Error => {
                    play.fail(What::Lint, format!("{}: {}", answer.kind, tell_finding(&finding)));
                }
                Severity::Warning => play.warnings.push(tell_finding(&finding)),
                Severity::Info => {}
            }
        }
    }
}

/// What is asked for a case.
struct Question {
    facts: Arc<Facts>,
    resolution: Resolution,
    /// The template in the place of the one that is chosen.
    template: Option<Template>,
}

impl Play {
    fn fail(&mut self, what: What, told: String) {
        self.failures.push(Failure::new(what, told));
    }
}

impl Expect {
    /// Holds what decides against what should.
    fn hold(&self, resolution: &Resolution, play: &mut Play) {
        let name = |name: Option<&str>| name.unwrap_or("none").to_owned();
        let image = resolution.image.as_ref().map(|image| &image.name).or(resolution.missing_image.as_ref());
        if let Some(wanted) = self.image.as_ref().filter(|wanted| image != Some(*wanted)) {
            let is = name(image.map(Name::as_str));
            play.fail(What::Expectation, format!("its image is {is}, and should be {wanted}"));
        }
        let rule = resolution.rule.as_ref().map(|rule| &rule.name);
        if let Some(wanted) = self.rule.as_ref().filter(|wanted| rule != Some(*wanted)) {
            let is = name(rule.map(Name::as_str));
            play.fail(What::Expectation, format!("its rule is {is}, and should be {wanted}"));
        }
        let binding = rule.is_none() && image.is_some();
        match self.binding {
            Some(true) if !binding => {
                let rule = rule.map_or("nothing does".to_owned(), |rule| format!("rule {rule} does"));
                play.fail(What::Expectation, format!("its own binding should decide, and {rule}"));
            }
            Some(false) if binding => {
                play.fail(What::Expectation, "its own binding decides, and should not".to_owned());
            }
            _ => {}
        }
    }
}

/// What may be missing in the case.
fn hint(answer: &Answer) -> String {
    let fact = |variable: &str| {
        let name = variable.strip_prefix("facts.").or_else(|| variable.strip_prefix("machine."))?;
        name.parse::<Attribute>().ok()
    };
    match answer.variable.as_deref().and_then(fact) {
        Some(fact) if answer.outcome == Outcome::Failed => {
            format!("\na machine says its {fact} when it asks: give the case one under facts:")
        }
        _ => String::new(),
    }
}
