//! `plan`: what pending changes would do to the registered machines.

use std::io::{self, Write as _};

use serde::Serialize;

use super::failure::{Exit, Failure};
use super::print::{self, Record};
use super::progress::Progress;
use super::session::Session;
use super::verbs::outcome_word;
use crate::domain::plural;
use crate::proto::pxe_init as pb;

/// How many machines of a group are named to people.
const NAMED: usize = 8;

/// What pending changes would do.
#[derive(Debug, Serialize)]
struct Plan {
    revision: u64,
    machines: u64,
    affected: u64,
    changes: Vec<PlannedChange>,
    groups: Vec<Group>,
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PlannedChange {
    noun: String,
    name: String,
    outcome: &'static str,
    changed: Vec<String>,
}

/// Machines that change in the same way.
#[derive(Debug, Serialize)]
struct Group {
    effect: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    template: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    diff: String,
    count: u64,
    machines: Vec<String>,
}

/// Asks the server for the plan and prints it. Machines that newly fail make the command fail.
pub(super) async fn plan(session: &Session, changes: Vec<pb::Change>) -> Result<Exit, Failure> {
    let request = pb::PlanRequest { changes };
    let mut events = session.api.catalog().plan(request).await?.into_inner();
    let mut progress = Progress::of("machines");
    let plan = loop {
        match events.message().await?.and_then(|response| response.event) {
            Some(pb::plan_response::Event::Progress(at)) => progress.show(at.done, at.total),
            Some(pb::plan_response::Event::Plan(plan)) => break Plan::from(plan),
            None => return Err(Failure::new(Exit::Other, "the server ended without a plan")),
        }
    };
    progress.clear();
    match session.output.format() {
        None => io::stdout().write_all(plan.text().as_bytes())?,
        Some(format) => print::record(format, &plan)?,
    }
    for warning in &plan.warnings {
        session.say(format_args!("warning: {warning}"));
    }
    match plan.groups.iter().filter(|group| group.effect == "fails").map(|group| group.count).sum::<u64>() {
        0 => Ok(Exit::Ok),
        count => Err(Failure::new(
            Exit::Refused,
            format!(
                "{count} document{} of registered machines could not be rendered any more",
                plural(count)
            ),
        )
        .hint("apply would refuse these changes")),
    }
}

impl Plan {
    fn text(&self) -> String {
        let mut text = String::new();
        for change in &self.changes {
            text += &format!("{}/{} {}\n", change.noun, change.name, change.outcome);
            for field in change.changed.iter().filter(|_| change.outcome == "updated") {
                text += &format!("  {field}\n");
            }
        }
        for group in &self.groups {
            text += &format!("\n{}\n", group.headline());
            for line in group.diff.lines().chain(group.detail.lines().filter(|_| group.shows_detail())) {
                text += &format!("    {line}\n");
            }
        }
        let ways = self.groups.iter().filter(|group| group.effect == "changed").count();
        text += &format!(
            "\n{} of {} registered machines affected; documents change in {ways} way{}; against catalog revision {}\n",
            self.affected,
            self.machines,
            plural(ways as u64),
            self.revision
        );
        text
    }
}

impl Group {
    fn headline(&self) -> String {
        let kind = &self.kind;
        let what = match self.effect.as_str() {
            "fails" => format!("{kind} can not be rendered any more"),
            "still-fails" => format!("{kind} can not be rendered, as before"),
            "mended" => format!("{kind} can be rendered again"),
            "changed" if self.template.is_empty() => format!("{kind} changes"),
            "changed" => format!("{kind} changes (template {})", self.template),
            "image" => format!("boot another image ({})", self.detail),
            "unmatched" => format!("boot nothing any more, before {}", self.detail),
            "matched" => format!("boot something now: {}", self.detail),
            "added" => format!("newly registered, boot {}", self.detail),
            "removed" => "not registered any more".to_owned(),
            other => other.to_owned(),
        };
        let mut names = self.machines.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        if self.count > NAMED as u64 {
            names += ", …";
        }
        format!("{} machine{}: {what}: {names}", self.count, plural(self.count))
    }

    /// Whether the headline does not have it already.
    fn shows_detail(&self) -> bool {
        matches!(self.effect.as_str(), "fails" | "still-fails" | "changed")
    }
}

impl From<pb::Plan> for Plan {
    fn from(plan: pb::Plan) -> Self {
        let pb::Plan { revision, machines, affected, groups, results, warnings } = plan;
        let changes = results.into_iter().map(|result| PlannedChange {
            outcome: outcome_word(result.outcome()),
            noun: result.noun,
            name: result.name,
            changed: result.changed,
        });
        let groups = groups.into_iter().map(|group| {
            let pb::PlanGroup { effect, kind, detail, diff, machines, count, template } = group;
            Group { effect, kind, template, detail, diff, count, machines }
        });
        Self { revision, machines, affected, changes: changes.collect(), groups: groups.collect(), warnings }
    }
}

impl Record for Plan {
    fn id(&self) -> String {
        format!("plan/{}", self.revision)
    }
}
