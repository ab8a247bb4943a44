//! The answer to one question of a machine.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::{Kind, Name, Outcome};
use crate::render::Document;
use crate::resolve::Resolution;

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
    /// The image that it boots, whether it exists or not.
    pub image: Option<Name>,
    /// The catalog revision that it was made from; 0 where nobody asked for it.
    pub revision: u64,
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
    /// The token that the URLs in the document have; what is kept of the document must not have it.
    pub token: Option<String>,
    /// Identities that point at two machines, for people.
    pub conflicts: Vec<String>,
    /// What it took, where it was measured: for the questions of machines.
    pub timings: Option<Timings>,
}

/// What an answer took.
#[derive(Clone, Copy, Debug)]
pub struct Timings {
    /// To find out what the machine boots.
    pub resolve: Duration,
    /// To make the document.
    pub render: Duration,
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

    /// What is sent in the place of a document where there is none.
    pub fn message(&self) -> String {
        match &self.incident {
            // Not the problem itself: it quotes the template, which may hold what this machine must not read.
            Some(incident) => {
                format!("the template failed; the server's log has the details under incident {incident}\n")
            }
            None => format!("{}\n", self.problem.as_deref().unwrap_or("there is nothing for this machine")),
        }
    }

    pub(super) fn new(kind: Kind, resolution: &Resolution) -> Self {
        Self {
            outcome: Outcome::NoMatch,
            kind,
            document: None,
            template: None,
            machine: resolution.machine.as_ref().map(|machine| machine.name.clone()),
            rule: resolution.rule.as_ref().map(|rule| rule.name.clone()),
            image: match &resolution.image {
                Some(image) => Some(image.name.clone()),
                None => resolution.missing_image.clone(),
            },
            revision: 0,
            incident: None,
            problem: None,
            variable: None,
            in_clear: None,
            assumed: false,
            token: None,
            conflicts: resolution.conflict_texts(),
            timings: None,
        }
    }
}
