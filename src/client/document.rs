//! Files that are given on the command line, and what is wrong in them.

use std::path::Path;

use super::failure::{Exit, Failure};
use crate::manifest::{self, Place, Problem, Unwritable};

/// Reads a file, or standard input for `-`.
pub(super) fn read_file(path: &Path) -> Result<String, Failure> {
    manifest::read_text(path)
        .map_err(|why| Failure::new(Exit::Other, format!("{}: {why}", Place::of_file(path))))
}

/// The failure that tells all of these problems.
pub(super) fn refuse(problems: impl AsRef<[Problem]>) -> Failure {
    match problems.as_ref() {
        [problem] => Failure::new(Exit::Refused, problem.to_string()),
        problems => {
            let message = format!("{} mistakes; nothing was sent", problems.len());
            let told = problems.iter().map(|Problem { place, what }| (place.to_string(), what.clone()));
            Failure { fields: told.collect(), ..Failure::new(Exit::Refused, message) }
        }
    }
}

impl From<Unwritable> for Failure {
    fn from(error: Unwritable) -> Self {
        Self::new(Exit::Other, error.to_string())
    }
}
