//! One finding as people and scripts get it.

use serde::Serialize;

use super::super::print::Record;
use crate::lint::{Finding, Severity};

/// What was looked at, with what was found in it.
pub(super) struct Linted {
    /// The path of the file, or what else it is called.
    pub(super) path: String,
    /// How long it is, in bytes; unknown where several were looked at together.
    pub(super) length: Option<usize>,
    pub(super) findings: Vec<Found>,
}

/// One finding.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Found {
    pub(super) path: String,
    pub(super) line: usize,
    pub(super) column: usize,
    #[serde(skip)]
    pub(super) width: usize,
    #[serde(skip)]
    pub(super) text: String,
    pub(super) code: String,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) help: String,
    /// The sample machine that gets it, of a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sample: Option<&'static str>,
    /// The line that the template makes, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rendered: Option<String>,
    /// The template that made the documents, as NAME@REVISION.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) template: Option<String>,
    /// How many registered machines get it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) count: Option<usize>,
    /// Which.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) machines: Vec<String>,
}

impl Record for Found {
    fn id(&self) -> String {
        format!("{}:{}:{}:{}", self.path, self.line, self.column, self.code)
    }
}

impl Found {
    /// In a document.
    pub(super) fn new(path: &str, finding: &Finding) -> Self {
        let place = &finding.place;
        let what = Self::bare(path, finding.code(), finding.severity(), &finding.message, finding.advice());
        Self {
            line: place.line,
            column: place.column,
            width: place.width,
            text: place.text.clone(),
            sample: finding.sample,
            ..what
        }
    }

    /// Somewhere in it.
    pub(super) fn bare(path: &str, code: &str, severity: Severity, message: &str, help: &str) -> Self {
        Self {
            path: path.to_owned(),
            line: 1,
            column: 1,
            width: 1,
            text: String::new(),
            code: code.to_owned(),
            severity,
            message: message.to_owned(),
            help: help.to_owned(),
            sample: None,
            rendered: None,
            template: None,
            count: None,
            machines: Vec::new(),
        }
    }
}
