//! What a machine gets when it asks.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use sha2::{Digest, Sha256};

use super::protect::{Guard, NoKey, Pass};
use super::{Answer, OnFailure, OnUnknown, Outcome, Secrets, Settings, Snapshot, Timings};
use crate::domain::{Facts, Kind, Template};
use crate::render::{
    Context, Document, Failure, Limits, Reason, RenderError, ServerContext, Spans, TemplateSet, document_url,
};
use crate::resolve::{Resolution, resolve};

/// How a document is made.
type Render = fn(&TemplateSet, &str, &Context) -> Result<Document, RenderError>;

/// What answers are made from. Cheap to make: one for each request.
#[derive(Clone, Copy)]
pub struct Boot<'a> {
    /// The catalog and the templates.
    pub snapshot: &'a Snapshot,
    /// What an operator has set.
    pub settings: &'a Settings,
    /// Where the machine reaches this server.
    pub server: &'a Arc<ServerContext>,
    /// What documents do not show; none for machines, which get all.
    pub secrets: Option<&'a Secrets>,
}

impl Boot<'_> {
    /// The script that every machine begins with: it asks again, with the machine's facts.
    pub fn script(&self) -> Answer {
        self.script_by(TemplateSet::render_or_recall)
    }

    /// The same, made anew and not recalled: for whoever asks whether it comes out the same.
    pub fn script_anew(&self) -> Answer {
        self.script_by(anew)
    }

    fn script_by(&self, render: Render) -> Answer {
        let nothing = Resolution::default();
        let context = context(Facts::default().into(), &nothing, self.server.clone());
        let mut answer = Answer::new(Kind::Ipxe, &nothing);
        self.render(render, "boot.ipxe", context, &mut answer);
        answer
    }

    /// The document of `kind` for the machine with these facts.
    pub fn answer(&self, facts: &Arc<Facts>, kind: Kind) -> Answer {
        self.answer_resolved(&resolve(&self.snapshot.catalog, facts), facts, kind)
    }

    /// The document of `kind` for the machine with these facts that asks for it, if `guard` lets it have it. What machines
    /// ask is asked again, so it is recalled where it can be.
    pub fn answer_guarded(
        &self,
        facts: &Arc<Facts>,
        kind: Kind,
        guard: &impl Guard,
    ) -> Result<Answer, NoKey> {
        let begun = Instant::now();
        let resolution = resolve(&self.snapshot.catalog, facts);
        let resolved = Instant::now();
        let recall = TemplateSet::render_or_recall;
        let context = |server| context(facts.clone(), &resolution, server);
        let answer = match self.pass(&resolution, facts, kind, guard)? {
            Pass::Open => self.answer_in_clear(recall, &resolution, context(self.server.clone()), kind),
            Pass::With(server) => {
                let token = server.token.clone();
                Answer { token, ..self.answer_in_clear(recall, &resolution, context(server), kind) }
            }
            Pass::Denied(problem) => Answer::denied(kind, &resolution, problem),
            Pass::Local => {
                let mut answer = Answer::new(kind, &resolution);
                self.render(anew, "local", context(self.server.clone()), &mut answer);
                answer
            }
        };
        let timings = Timings { resolve: resolved - begun, render: resolved.elapsed() };
        Ok(Answer { timings: Some(timings), ..answer })
    }

    /// The same, from an unsaved source in the place of the template.
    pub fn answer_from(&self, facts: Facts, kind: Kind, source: &str) -> Answer {
        let resolution = resolve(&self.snapshot.catalog, &facts);
        let facts = Arc::new(facts);
        self.masked(&resolution, |resolution| {
            let mut answer = Answer::new(kind, resolution);
            let context = self.context_shown(facts.clone(), resolution, kind);
            if let Some(context) = self.with_image(resolution, context, &mut answer) {
                let rendered = self.snapshot.templates.render_source(kind, "(unsaved)", source, &context);
                answer.template = Some("(unsaved)".into());
                self.conclude(rendered.map(Document::from), context, &mut answer);
            }
            answer
        })
    }

    /// The document that `template` makes, in the place of the one that would be chosen.
    pub fn answer_with(&self, resolution: &Resolution, facts: &Arc<Facts>, template: &Template) -> Answer {
        self.masked(resolution, |resolution| {
            let mut answer = Answer::new(template.kind, resolution);
            let context = self.context_shown(facts.clone(), resolution, template.kind);
            if let Some(context) = self.with_image(resolution, context, &mut answer) {
                self.render(anew, template.name.as_str(), context, &mut answer);
            }
            answer
        })
    }

    /// Which lines of which templates made the document of this answer, if one did. It renders it again, and takes twice as
    /// long as the answer did.
    pub fn spans(&self, resolution: &Resolution, facts: &Arc<Facts>, answer: &Answer) -> Option<Spans> {
        let hidden = self.secrets.and_then(|secrets| secrets.mask(resolution));
        let context = self.context_shown(facts.clone(), hidden.as_ref().unwrap_or(resolution), answer.kind);
        let rendered = self.snapshot.templates.render_with_spans(answer.template_name()?, &context);
        let (document, spans) = rendered.ok()?;
        (answer.document.as_deref() == Some(document.as_str())).then_some(spans)
    }

    /// The document of `kind` where it is resolved already what the machine boots.
    pub fn answer_resolved(&self, resolution: &Resolution, facts: &Arc<Facts>, kind: Kind) -> Answer {
        self.masked(resolution, |resolution| {
            let context = self.context_shown(facts.clone(), resolution, kind);
            self.answer_in_clear(anew, resolution, context, kind)
        })
    }

    /// The answer that `make` gives to a resolution, with masks in the place of secrets. Whether it can be rendered does not
    /// depend on the masks: what a machine would be told of a failure is told here too.
    fn masked(&self, resolution: &Resolution, make: impl Fn(&Resolution) -> Answer) -> Answer {
        let answer = make(resolution);
        let Some(hidden) = self.secrets.and_then(|secrets| secrets.mask(resolution)) else { return answer };
        let Some(document) = &answer.document else { return answer };
        let in_clear = Some(Sha256::digest(document.as_bytes()).into());
        let shown = make(&hidden);
        if shown.outcome == answer.outcome {
            return Answer { document: shown.document, in_clear, ..answer };
        }
        let problem =
            "the document is not shown, for it can not be made with masks in the place of its secrets";
        Answer { document: None, problem: Some(problem.to_owned()), in_clear, ..answer }
    }

    fn answer_in_clear(
        &self,
        render: Render,
        resolution: &Resolution,
        context: Context,
        kind: Kind,
    ) -> Answer {
        let mut answer = Answer::new(kind, resolution);
        let Some(context) = self.with_image(resolution, context, &mut answer) else { return answer };
        match resolution.template(kind) {
            Some((template, _)) => self.render(render, template, context, &mut answer),
            None if resolution.is_match() => {
                answer.outcome = Outcome::NoTemplate;
                answer.problem = Some(no_template(kind, resolution));
            }
            None => self.answer_unknown(render, context, &mut answer),
        }
        answer
    }

    /// The context again, unless the image that was resolved to does not exist; then the answer says so.
    fn with_image(&self, resolution: &Resolution, context: Context, answer: &mut Answer) -> Option<Context> {
        let Some(name) = &resolution.missing_image else { return Some(context) };
        let problem = format!("image {name} does not exist");
        self.fail(context, answer, problem.clone(), problem);
        None
    }

    fn answer_unknown(&self, render: Render, context: Context, answer: &mut Answer) {
        answer.outcome = Outcome::NoMatch;
        answer.problem = Some("no binding and no rule matches this machine".to_owned());
        if answer.kind == Kind::Ipxe && self.settings.unknown == OnUnknown::Hold {
            self.render(render, "unknown", context, answer);
            if answer.outcome == Outcome::Rendered {
                answer.outcome = Outcome::Held;
            }
        }
    }

    fn render(&self, render: Render, template: &str, context: Context, answer: &mut Answer) {
        let templates = &self.snapshot.templates;
        answer.template = templates.get(template).map(|entry| entry.id().clone());
        self.conclude(render(templates, template, &context), context, answer);
    }

    fn conclude(&self, rendered: Result<Document, RenderError>, context: Context, answer: &mut Answer) {
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
                answer.variable = error.variable().map(str::to_owned);
                self.fail(context, answer, error.to_string(), summary);
            }
        }
    }

    /// The answer when there is something for this machine that can not be rendered: `problem` is for operators, and
    /// `summary`, in one line, for whoever stands before the machine.
    fn fail(&self, context: Context, answer: &mut Answer, problem: String, summary: String) {
        answer.outcome = Outcome::Failed;
        let incident = incident(answer, &context.facts, &problem);
        if answer.kind == Kind::Ipxe && self.settings.failure == OnFailure::Script {
            let machine = context.machine.as_deref();
            let url = document_url(&context.server.base_url, Kind::Ipxe, &context.facts, machine);
            let failure = Failure {
                incident: incident.clone(),
                template: answer.template.as_deref().unwrap_or_default().to_owned(),
                problem: summary,
                url,
            };
            let context = Context { failure: Some(failure), ..context };
            let own = self.snapshot.templates.render("error", &context);
            let document = own.or_else(|_| built_in().render("error", &context));
            answer.document = document.ok().map(Document::from);
        }
        answer.incident = Some(incident);
        answer.problem = Some(problem);
    }

    /// What a template sees where nobody boots.
    fn context_shown(&self, facts: Arc<Facts>, resolution: &Resolution, kind: Kind) -> Context {
        context(facts, resolution, self.server_shown(resolution, kind))
    }
}

fn context(facts: Arc<Facts>, resolution: &Resolution, server: Arc<ServerContext>) -> Context {
    Context {
        facts,
        machine: resolution.machine.clone(),
        image: resolution.image.clone(),
        rule: resolution.rule.clone(),
        server,
        failure: None,
    }
}

fn anew(templates: &TemplateSet, name: &str, context: &Context) -> Result<Document, RenderError> {
    templates.render(name, context).map(Document::from)
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
