//! The answer to one question of a machine.

use std::sync::Arc;

use serde::Deserialize;

use crate::domain::{Kind, Name};
use crate::render::Document;
use crate::resolve::Resolution;

/// How a question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
    pub document: Option<Document>,
    /// The template that was rendered, as `NAME@REVISION`.
    pub template: Option<Arc<str>>,
    /// The registered machine.
    pub machine: Option<Name>,
    /// The rule that decided.
    pub rule: Option<Name>,
    /// The number under which a failure is found again; the same failure has the same number.
    pub incident: Option<String>,
    /// Why there is no document, for people.
    pub problem: Option<String>,
    /// The variable that is to blame for a failure, where known.
    pub variable: Option<String>,
    /// The SHA-256 of the document as the machine gets it, where it has masks here.
    pub in_clear: Option<[u8; 32]>,
    /// Whether facts that only a request tells were made up for it.
    pub assumed: bool,
    /// Identities that point at two machines, for people.
    pub conflicts: Vec<String>,
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
    /// Whether the machine gets the document that was asked for.
    pub fn is_rendered(&self) -> bool {
        self.outcome == Outcome::Rendered
    }

    /// The template that was rendered, without its revision.
    pub fn template_name(&self) -> Option<&str> {
        let id = self.template.as_deref()?;
        Some(id.split_once('@').map_or(id, |(name, _)| name))
    }

    pub(super) fn new(kind: Kind, resolution: &Resolution) -> Self {
        Self {
            outcome: Outcome::NoMatch,
            kind,
            document: None,
            template: None,
            machine: resolution.machine.as_ref().map(|machine| machine.name.clone()),
            rule: resolution.rule.as_ref().map(|rule| rule.name.clone()),
            incident: None,
            problem: None,
            variable: None,
            in_clear: None,
            assumed: false,
            conflicts: resolution.conflict_texts(),
        }
    }
}
