//! What a machine gets when it asks.

use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use super::{OnFailure, OnUnknown, Service, Snapshot};
use crate::domain::{Facts, Kind, Name};
use crate::error::Error;
use crate::render::{
    Context, Entry, Failure, Limits, Reason, RenderError, ServerContext, TemplateSet, document_url,
};
use crate::resolve::{Resolution, resolve};

/// How a question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// With the document.
    Rendered,
    /// Nothing matches; with the script that waits and asks again.
    Held,
    /// Nothing matches; with a 404.
    NoMatch,
    /// Something matches, but no template renders this kind of document for it.
    NoTemplate,
    /// The template said that there is nothing for this machine.
    Refused,
    /// The template failed.
    Failed,
}

/// The answer to one question of a machine.
#[derive(Debug)]
pub struct Answer {
    /// How it was answered.
    pub outcome: Outcome,
    /// What was asked for.
    pub kind: Kind,
    /// The document; none where the answer is only a status.
    pub document: Option<String>,
    /// The template that was rendered, as `NAME@REVISION`.
    pub template: Option<String>,
    /// The registered machine.
    pub machine: Option<Name>,
    /// The rule that decided.
    pub rule: Option<Name>,
    /// The number under which a failure is found again; the same failure has the same number.
    pub incident: Option<String>,
    /// Why there is no document, for people.
    pub problem: Option<String>,
    /// Identities that point at two machines, for people.
    pub conflicts: Vec<String>,
}

impl Service {
    /// The script that every machine begins with: it asks again, with the machine's facts.
    pub fn boot_script(&self, base_url: &str) -> Result<Answer, Error> {
        let snapshot = self.snapshot()?;
        let context = self.context(Facts::default(), &Resolution::default(), base_url);
        let mut answer = Answer::new(Kind::Ipxe, &Resolution::default());
        self.render(&snapshot, "boot.ipxe", context, &mut answer);
        Ok(answer)
    }

    /// The document of `kind` for the machine with these facts.
    pub fn answer(&self, facts: Facts, kind: Kind, base_url: &str) -> Result<Answer, Error> {
        Ok(self.answer_from(&*self.snapshot()?, facts, kind, base_url, None))
    }

    /// The same from a given snapshot, and from an unsaved source in the place of the template.
    pub(super) fn answer_from(
        &self,
        snapshot: &Snapshot,
        facts: Facts,
        kind: Kind,
        base_url: &str,
        source: Option<&str>,
    ) -> Answer {
        let resolution = resolve(&snapshot.catalog, &facts);
        let mut answer = Answer::new(kind, &resolution);
        let context = self.context(facts, &resolution, base_url);
        if let Some(name) = &resolution.missing_image {
            let problem = format!("image {name} does not exist");
            self.fail(snapshot, context, &mut answer, problem.clone(), problem);
            return answer;
        }
        if let Some(source) = source {
            let rendered = snapshot.templates.render_source(kind, "(unsaved)", source, &context);
            answer.template = Some("(unsaved)".to_owned());
            self.conclude(snapshot, rendered, context, &mut answer);
            return answer;
        }
        match resolution.template(kind) {
            Some((template, _)) => self.render(snapshot, template, context, &mut answer),
            None if resolution.is_match() => {
                answer.outcome = Outcome::NoTemplate;
                answer.problem = Some(no_template(kind, &resolution));
            }
            None => self.answer_unknown(snapshot, context, &mut answer),
        }
        answer
    }

    fn answer_unknown(&self, snapshot: &Snapshot, context: Context, answer: &mut Answer) {
        answer.outcome = Outcome::NoMatch;
        answer.problem = Some("no binding and no rule matches this machine".to_owned());
        if answer.kind == Kind::Ipxe && self.inner.settings.unknown == OnUnknown::Hold {
            self.render(snapshot, "unknown", context, answer);
            if answer.outcome == Outcome::Rendered {
                answer.outcome = Outcome::Held;
            }
        }
    }

    fn render(&self, snapshot: &Snapshot, template: &str, context: Context, answer: &mut Answer) {
        answer.template = snapshot.templates.get(template).map(Entry::id);
        let rendered = snapshot.templates.render(template, &context);
        self.conclude(snapshot, rendered, context, answer);
    }

    fn conclude(
        &self,
        snapshot: &Snapshot,
        rendered: Result<String, RenderError>,
        context: Context,
        answer: &mut Answer,
    ) {
        match rendered {
            Ok(document) => {
                answer.outcome = Outcome::Rendered;
                answer.document = Some(document);
            }
            Err(RenderError { reason: Reason::NotFound(reason), .. }) => {
                answer.outcome = Outcome::Refused;
                answer.problem = Some(reason);
            }
            Err(error) => {
                let summary = error.summary();
                self.fail(snapshot, context, answer, error.to_string(), summary);
            }
        }
    }

    /// The answer when there is something for this machine that can not be rendered: `problem` is for operators, and
    /// `summary`, in one line, for whoever stands before the machine.
    fn fail(
        &self,
        snapshot: &Snapshot,
        context: Context,
        answer: &mut Answer,
        problem: String,
        summary: String,
    ) {
        answer.outcome = Outcome::Failed;
        let incident = incident(answer, &context.facts, &problem);
        if answer.kind == Kind::Ipxe && self.inner.settings.failure == OnFailure::Script {
            let url = document_url(
                &context.server.base_url,
                Kind::Ipxe,
                &context.facts,
                context.machine.as_deref(),
            );
            let failure = Failure {
                incident: incident.clone(),
                template: answer.template.clone().unwrap_or_default(),
                problem: summary,
                url,
            };
            let context = Context { failure: Some(failure), ..context };
            let own = snapshot.templates.render("error", &context);
            answer.document = own.or_else(|_| built_in().render("error", &context)).ok();
        }
        answer.incident = Some(incident);
        answer.problem = Some(problem);
    }

    fn context(&self, facts: Facts, resolution: &Resolution, base_url: &str) -> Context {
        let settings = &self.inner.settings;
        Context {
            facts: Arc::new(facts),
            machine: resolution.machine.clone(),
            image: resolution.image.clone(),
            rule: resolution.rule.clone(),
            server: Arc::new(ServerContext {
                base_url: base_url.to_owned(),
                asset_url: settings.assets.base(base_url),
                hold_seconds: settings.hold_seconds,
            }),
            failure: None,
        }
    }
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 6] =
        [Self::Rendered, Self::Held, Self::NoMatch, Self::NoTemplate, Self::Refused, Self::Failed];

    /// The HTTP status that a machine gets (RFC 9110, section 15).
    pub const fn http_status(self, has_document: bool) -> u16 {
        match self {
            Self::Rendered | Self::Held => 200,
            Self::NoMatch | Self::NoTemplate | Self::Refused => 404,
            Self::Failed => {
                if has_document {
                    200
                } else {
                    500
                }
            }
        }
    }

    /// The word for it, in headers, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rendered => "rendered",
            Self::Held => "held",
            Self::NoMatch => "no-match",
            Self::NoTemplate => "no-template",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl Answer {
    fn new(kind: Kind, resolution: &Resolution) -> Self {
        Self {
            outcome: Outcome::NoMatch,
            kind,
            document: None,
            template: None,
            machine: resolution.machine.as_ref().map(|machine| machine.name.clone()),
            rule: resolution.rule.as_ref().map(|rule| rule.name.clone()),
            incident: None,
            problem: None,
            conflicts: resolution.conflict_texts(),
        }
    }
}

/// The built-in templates alone, for when an operator's own `error` fails.
fn built_in() -> &'static TemplateSet {
    static BUILT_IN: OnceLock<TemplateSet> = OnceLock::new();
    BUILT_IN.get_or_init(|| TemplateSet::compile([], Limits::default()))
}

fn no_template(kind: Kind, resolution: &Resolution) -> String {
    let mut said = Vec::new();
    if let Some(machine) = &resolution.machine {
        said.push(format!("machine {}", machine.name));
    }
    if let Some(rule) = &resolution.rule {
        said.push(format!("rule {}", rule.name));
    }
    if let Some(image) = &resolution.image {
        said.push(format!("image {}", image.name));
    }
    format!("no template of kind {kind} is named by {}", said.join(", "))
}

/// Eight hexadecimal digits that are the same each time the same machine meets the same failure, on every replica.
fn incident(answer: &Answer, facts: &Facts, problem: &str) -> String {
    let mut hash = Sha256::new();
    for part in [answer.kind.as_str(), answer.template.as_deref().unwrap_or_default(), problem] {
        hash.update(part);
        hash.update([0]);
    }
    for (attribute, value) in facts.iter() {
        hash.update(attribute.as_str());
        hash.update(value.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(4).map(|byte| format!("{byte:02X}")).collect()
}
