//! `explain`: what a machine would get, and why.

use std::io::{self, Write as _};

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::boot::TargetArgs;
use super::failure::{Exit, Failure};
use super::print::{self, Record};
use super::session::Session;
use super::table::Columns;
use crate::proto::pxe_init as pb;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client explain web-1
  pxe-init-client explain --mac 52:54:00:12:34:56 --fact arch=arm64")]
pub(super) struct ExplainArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Show every candidate, also those after the winner that do not match
    #[arg(long)]
    all: bool,
    /// Show params that are declared to be secret; otherwise a mask stands in their place
    #[arg(long)]
    show_secrets: bool,
}

/// What a machine would get, and why.
#[derive(Debug, Serialize)]
struct Explanation {
    facts: std::collections::BTreeMap<String, String>,
    machine: String,
    matched_by: String,
    conflicts: Vec<String>,
    candidates: Vec<Candidate>,
    image: String,
    templates: Vec<TemplateOrigin>,
    params: Vec<ParamOrigin>,
    revision: u64,
}

/// Something that could decide what the machine boots.
#[derive(Debug, Serialize)]
struct Candidate {
    /// Its place in the order, from 1.
    position: usize,
    source: String,
    name: String,
    priority: i32,
    selector: String,
    /// Whether it would decide if nothing came before it.
    matches: bool,
    won: bool,
    reason: String,
    image: String,
}

#[derive(Debug, Serialize)]
struct TemplateOrigin {
    kind: String,
    template: String,
    layer: String,
}

#[derive(Debug, Serialize)]
struct ParamOrigin {
    key: String,
    value: Value,
    layer: String,
    replaced: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    declared_by: String,
}

pub(super) async fn explain(session: &Session, args: ExplainArgs) -> Result<Exit, Failure> {
    let request = pb::ExplainRequest { target: Some(args.target.target()?), show_secrets: args.show_secrets };
    let mut explanation = Explanation::from(session.api.boot().explain(request).await?.into_inner());
    let hidden = if args.all { 0 } else { explanation.hide_also_rans() };
    match session.output.format() {
        None => io::stdout().write_all(explanation.for_people().as_bytes())?,
        Some(format) => print::record(format, &explanation)?,
    }
    if hidden > 0 {
        session.say(format_args!("{hidden} candidates after the winner do not match; --all shows them"));
    }
    Ok(Exit::Ok)
}

impl Explanation {
    /// Drops the candidates after the winner that do not match, and says how many.
    fn hide_also_rans(&mut self) -> usize {
        let Some(winner) = self.candidates.iter().position(|candidate| candidate.won) else { return 0 };
        let before = self.candidates.len();
        let mut position = 0;
        self.candidates.retain(|candidate| {
            position += 1;
            position <= winner + 1 || candidate.matches
        });
        before - self.candidates.len()
    }

    fn for_people(&self) -> String {
        let facts: Vec<String> = self.facts.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let machine = match self.machine.as_str() {
            "" => "not registered".to_owned(),
            name => format!("{name} (known by its {})", self.matched_by),
        };
        let image = if self.image.is_empty() { "none" } else { &self.image };
        let mut text = format!("facts      {}\nmachine    {machine}\n", or_none(&facts.join(" ")));
        for conflict in &self.conflicts {
            text += &format!("conflict   {conflict}\n");
        }
        text += &format!("image      {image}\nrevision   {}\n", self.revision);
        let candidates = self.candidates.iter().map(Candidate::cells).collect();
        text += &section(
            &["#", "SOURCE", "NAME", "PRIORITY", "SELECTOR", "IMAGE", "VERDICT", "REASON"],
            candidates,
        );
        let templates =
            self.templates.iter().map(|of| vec![of.kind.clone(), of.template.clone(), of.layer.clone()]);
        text += &section(&["KIND", "TEMPLATE", "FROM"], templates.collect());
        let params = self
            .params
            .iter()
            .map(|of| vec![of.key.clone(), of.value.to_string(), of.origin(), of.replaced.join(", ")]);
        text + &section(&["PARAMETER", "VALUE", "FROM", "REPLACED"], params.collect())
    }
}

impl ParamOrigin {
    fn origin(&self) -> String {
        match self.declared_by.as_str() {
            "" => self.layer.clone(),
            by => format!("{} ({by})", self.layer),
        }
    }
}

impl Candidate {
    fn cells(&self) -> Vec<String> {
        let priority = if self.source == "rule" { self.priority.to_string() } else { String::new() };
        let verdict = if self.won { "won" } else { "lost" };
        vec![
            self.position.to_string(),
            self.source.clone(),
            self.name.clone(),
            priority,
            self.selector.clone(),
            self.image.clone(),
            verdict.to_owned(),
            self.reason.clone(),
        ]
    }
}

/// A table after an empty line; nothing without rows.
fn section(header: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let rows =
        rows.into_iter().map(|row| row.iter().map(|cell| or_none(cell).to_owned()).collect()).collect();
    format!("\n{}", Columns::default().page(header, rows))
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

impl From<pb::ExplainResponse> for Explanation {
    fn from(response: pb::ExplainResponse) -> Self {
        let candidates = response.candidates.into_iter().enumerate();
        Self {
            facts: response.facts,
            machine: response.machine,
            matched_by: response.matched_by,
            conflicts: response.conflicts,
            candidates: candidates.map(|(i, candidate)| Candidate::new(i + 1, candidate)).collect(),
            image: response.image,
            templates: response.templates.into_iter().map(TemplateOrigin::from).collect(),
            params: response.params.into_iter().map(ParamOrigin::from).collect(),
            revision: response.revision,
        }
    }
}

impl Candidate {
    fn new(position: usize, candidate: pb::Candidate) -> Self {
        let pb::Candidate { source, name, priority, selector, won, reason, image, matches } = candidate;
        Self { position, source, name, priority, selector, matches, won, reason, image }
    }
}

impl From<pb::TemplateOrigin> for TemplateOrigin {
    fn from(origin: pb::TemplateOrigin) -> Self {
        let pb::TemplateOrigin { kind, template, layer } = origin;
        Self { kind, template, layer }
    }
}

impl From<pb::ParamOrigin> for ParamOrigin {
    fn from(origin: pb::ParamOrigin) -> Self {
        let pb::ParamOrigin { key, value, layer, replaced, declared_by } = origin;
        let value = serde_json::from_str(&value).unwrap_or(Value::String(value));
        Self { key, value, layer, replaced, declared_by }
    }
}

impl Record for Explanation {
    fn id(&self) -> String {
        format!("image/{}", self.image)
    }
}
