//! Results for scripts.

use serde::Serialize;

use super::super::failure::Failure;
use super::super::print::{Format, Record, Records};
use crate::template_test::{Check, Report};

#[derive(Serialize)]
struct Tested<'a> {
    subject: &'static str,
    file: String,
    line: usize,
    name: &'a str,
    passed: bool,
    failures: Vec<Failed<'a>>,
    warnings: &'a [String],
    accepted: Vec<&'static str>,
}

#[derive(Serialize)]
struct Failed<'a> {
    what: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    diff: &'a str,
}

/// Prints a record for each check.
pub(super) fn print(report: &Report, format: Format) -> Result<(), Failure> {
    let tested: Vec<Tested> = report.checks.iter().map(Tested::from).collect();
    let mut records = Records::new(format);
    records.page(&tested)?;
    records.finish()
}

impl Record for Tested<'_> {
    fn id(&self) -> String {
        format!("{}/{}", self.subject, self.name)
    }
}

impl<'a> From<&'a Check> for Tested<'a> {
    fn from(check: &'a Check) -> Self {
        let failed = |failure: &'a crate::template_test::Failure| Failed {
            what: failure.what.as_str(),
            message: &failure.told,
            diff: &failure.diff,
        };
        Self {
            subject: check.subject.as_str(),
            file: check.place.path.display().to_string(),
            line: check.place.line,
            name: &check.name,
            passed: check.passed(),
            failures: check.failures.iter().map(failed).collect(),
            warnings: &check.warnings,
            accepted: check.accepted.iter().map(|kind| kind.as_str()).collect(),
        }
    }
}
