//! How a question of a machine was answered.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

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
    /// The document is protected, and the machine may not have it.
    Denied,
    /// The template failed.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 7] = [
        Self::Rendered,
        Self::Held,
        Self::NoMatch,
        Self::NoTemplate,
        Self::Refused,
        Self::Denied,
        Self::Failed,
    ];

    /// The HTTP status that a machine gets (RFC 9110, section 15).
    pub const fn http_status(self, has_document: bool) -> u16 {
        match self {
            Self::Rendered | Self::Held => 200,
            Self::NoMatch | Self::NoTemplate | Self::Refused => 404,
            Self::Denied => 403,
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
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// Why a text names no outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidOutcome(String);

impl FromStr for Outcome {
    type Err = InvalidOutcome;

    fn from_str(text: &str) -> Result<Self, InvalidOutcome> {
        let found = Self::ALL.into_iter().find(|outcome| outcome.as_str() == text);
        found.ok_or_else(|| InvalidOutcome(text.to_owned()))
    }
}

impl fmt::Display for InvalidOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no outcome; use one of ", self.0)?;
        for (i, outcome) in Outcome::ALL.iter().enumerate() {
            write!(f, "{}{}", if i == 0 { "" } else { ", " }, outcome.as_str())?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidOutcome {}
