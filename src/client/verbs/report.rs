//! What a write did, for people and for scripts.

use serde::Serialize;

use crate::client::failure::Failure;
use crate::client::print::{Output, Printer, Row};
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

impl Report {
    pub(in crate::client) fn new(noun: Noun, name: &str, dry_run: bool, written: Written) -> Self {
        let Written { result, number } = written;
        let outcome = match result.outcome() {
            Outcome::Created => "created",
            Outcome::Updated => "updated",
            Outcome::Unchanged => "unchanged",
            Outcome::Deleted => "deleted",
            Outcome::Unspecified => "written",
        };
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

    fn line(&self) -> String {
        let number = self.number.map(|n| format!(", revision {n}")).unwrap_or_default();
        let dry_run = if self.dry_run { " (dry run, nothing written)" } else { "" };
        format!("{} {}{number}{dry_run}", self.id(), self.outcome)
    }
}

/// Says what writes did, as they are done.
pub(in crate::client) struct Reporter<'a> {
    session: &'a Session,
    alone: bool,
    printer: Printer,
}

impl<'a> Reporter<'a> {
    /// For this many writes: one is no list in JSON and YAML.
    pub(in crate::client) fn new(session: &'a Session, writes: usize) -> Self {
        Self { session, alone: writes == 1, printer: Printer::list(session.output) }
    }

    /// Says what the next write did.
    pub(in crate::client) fn add(&mut self, report: &Report) -> Result<(), Failure> {
        match self.session.output {
            Output::Table | Output::Wide => {
                self.session.report(report.line())?;
                if report.outcome == "updated" {
                    report
                        .changed
                        .iter()
                        .try_for_each(|change| self.session.report(format_args!("  {change}")))?;
                }
            }
            output if self.alone => Printer::one(output, report)?,
            _ => self.printer.page(std::slice::from_ref(report))?,
        }
        for warning in &report.warnings {
            self.session.say(format_args!("warning: {warning}"));
        }
        Ok(())
    }

    /// Ends the list.
    pub(in crate::client) fn finish(self) -> Result<(), Failure> {
        if self.alone { Ok(()) } else { self.printer.finish() }
    }
}

/// Says what the only write did.
pub(in crate::client) fn report(session: &Session, report: &Report) -> Result<(), Failure> {
    Reporter::new(session, 1).add(report)
}

impl Row for Report {
    const COLUMNS: &'static [&'static str] = &["NAME", "OUTCOME"];

    fn cells(&self) -> Vec<String> {
        vec![self.id(), self.line()]
    }

    fn id(&self) -> String {
        format!("{}/{}", self.noun, self.name)
    }
}
