//! What came of a run.

use std::path::PathBuf;

use crate::domain::Kind;
use crate::manifest::Place;

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Templates that a server would refuse, every case in the order of the files, and after those of each file the
    /// snapshots that none of them makes.
    pub checks: Vec<Check>,
    /// The snapshots that were removed.
    pub removed: Vec<PathBuf>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it is.
    pub subject: Subject,
    /// Where it stands.
    pub place: Place,
    /// What it is called.
    pub name: String,
    /// What is wrong; nothing if it passed.
    pub failures: Vec<Failure>,
    /// What is worth knowing.
    pub warnings: Vec<String>,
    /// The kinds of which a snapshot was written.
    pub accepted: Vec<Kind>,
}

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A case.
    Case,
    /// A template that a server would refuse.
    Template,
    /// The snapshots that no case makes any more.
    Snapshots,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Of which sort.
    pub what: What,
    /// What it is, in a line or more.
    pub told: String,
    /// How a document differs from its snapshot, as a unified diff.
    pub diff: String,
}

/// The sorts of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The case names what does not exist, or its facts lead elsewhere.
    Case,
    /// A document has another outcome than is expected.
    Outcome,
    /// Another expectation does not hold.
    Expectation,
    /// The linter found an error.
    Lint,
    /// There is no snapshot yet.
    MissingSnapshot,
    /// The document is not that of the snapshot.
    ChangedSnapshot,
    /// No case makes the snapshot any more.
    StaleSnapshot,
    /// A server would refuse the template.
    Template,
}

impl Report {
    /// The checks of a subject.
    pub fn of(&self, subject: Subject) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(move |check| check.subject == subject)
    }

    /// Whether everything passed.
    pub fn passed(&self) -> bool {
        self.checks.iter().all(Check::passed)
    }
}

impl Check {
    pub(super) fn new(subject: Subject, place: Place, name: &str, failures: Vec<Failure>) -> Self {
        let name = name.to_owned();
        Self { subject, place, name, failures, warnings: Vec::new(), accepted: Vec::new() }
    }

    /// Whether nothing is wrong.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

impl Failure {
    pub(super) fn new(what: What, told: impl Into<String>) -> Self {
        Self { what, told: told.into(), diff: String::new() }
    }
}

impl Subject {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Template => "template",
            Self::Snapshots => "snapshots",
        }
    }
}

impl What {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Outcome => "outcome",
            Self::Expectation => "expectation",
            Self::Lint => "lint",
            Self::MissingSnapshot => "missing-snapshot",
            Self::ChangedSnapshot => "changed-snapshot",
            Self::StaleSnapshot => "stale-snapshot",
            Self::Template => "template",
        }
    }
}
