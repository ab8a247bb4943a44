//! What a write did, for people and for scripts.

use std::{iter, slice};

use serde::Serialize;

use crate::client::failure::Failure;
use crate::client::print::{self, Format, Record, Records};
use crate::client::resource::Written;
use crate::client::session::Session;
use crate::domain::Noun;
use crate::proto::pxe_init::Outcome;

/// What one write did.
#[derive(Debug, Serialize)]
pub(in crate::client) struct Report {
    noun: &'static str,
    name: String,
    outcome: &'static str,
    dry_run: bool,
    revision: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    changed: Vec<String>,
    warnings: Vec<String>,
}

/// The word for what a write did.
pub(in crate::client) fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Created => "created",
        Outcome::Updated => "updated",
        Outcome::Unchanged => "unchanged",
        Outcome::Deleted => "deleted",
        Outcome::Unspecified => "written",
    }
}

impl Report {
    pub(in crate::client) fn new(noun: Noun, name: &str, dry_run: bool, written: Written) -> Self {
        let Written { result, number } = written;
        let outcome = outcome_word(result.outcome());
        Self {
            noun: noun.as_str(),
            name: name.to_owned(),
            outcome,
            dry_run,
            revision: result.revision,
            number,
            changed: result.changed,
            warnings: result.warnings,
        }
    }

    /// The word for what it did.
    pub(in crate::client) fn outcome(&self) -> &'static str {
        self.outcome
    }

    /// What it did, and where it replaced something, what is different now.
    fn lines(&self) -> impl Iterator<Item = String> {
        let number = self.number.map(|n| format!(", revision {n}")).unwrap_or_default();
        let dry_run = if self.dry_run { " (dry run, nothing written)" } else { "" };
        let first = format!("{} {}{number}{dry_run}", self.id(), self.outcome);
        let changed = self.changed.iter().filter(|_| self.outcome == "updated");
        iter::once(first).chain(changed.map(|change| format!("  {change}")))
    }
}

/// Says what writes did, as they are done.
pub(in crate::client) struct Reporter<'a> {
    session: &'a Session,
    to: To,
}

/// Whom a report is for.
enum To {
    People,
    /// A script that asked for one write.
    One(Format),
    /// A script that asked for several.
    Many(Records),
}

impl<'a> Reporter<'a> {
    /// For this many writes: one is no list in JSON and YAML.
    pub(in crate::client) fn new(session: &'a Session, writes: usize) -> Self {
        let to = match session.output.format() {
            None => To::People,
            Some(format) if writes == 1 => To::One(format),
            Some(format) => To::Many(Records::new(format)),
        };
        Self { session, to }
    }

    /// For any number of writes: a list in JSON and YAML also if it is of one.
    pub(in crate::client) fn many(session: &'a Session) -> Self {
        let to = session.output.format().map_or(To::People, |format| To::Many(Records::new(format)));
        Self { session, to }
    }

    /// Says what the next write did.
    pub(in crate::client) fn add(&mut self, report: &Report) -> Result<(), Failure> {
        match &mut self.to {
            To::People => report.lines().try_for_each(|line| self.session.report(line))?,
            To::One(format) => print::record(*format, report)?,
            To::Many(records) => records.page(slice::from_ref(report))?,
        }
        for warning in &report.warnings {
            self.session.say(format_args!("warning: {warning}"));
        }
        Ok(())
    }

    /// Ends the list.
    pub(in crate::client) fn finish(self) -> Result<(), Failure> {
        match self.to {
            To::Many(records) => records.finish(),
            To::People | To::One(_) => Ok(()),
        }
    }
}

/// Says what the only write did.
pub(in crate::client) fn report(session: &Session, report: &Report) -> Result<(), Failure> {
    Reporter::new(session, 1).add(report)
}

impl Record for Report {
    fn id(&self) -> String {
        format!("{}/{}", self.noun, self.name)
    }
}
