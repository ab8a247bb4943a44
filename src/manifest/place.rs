//! Where something stands, and what is wrong there.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file; `-` is standard input.
    pub path: PathBuf,
    /// The line, counted from 1; 0 for the file as a whole.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
}

/// Something with the place where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Located<T> {
    /// Where its document begins.
    pub place: Place,
    /// The file with the source of a template, where that is one of its own.
    pub source: Option<PathBuf>,
    /// What it is.
    pub value: T,
}

/// Something that is wrong, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong with which value, and what to write instead.
    pub what: String,
}

impl Place {
    /// A file as a whole.
    pub fn of_file(path: &Path) -> Self {
        Self { path: path.to_owned(), line: 0, column: 0 }
    }
}

impl Problem {
    pub(super) fn new(place: Place, what: impl Into<String>) -> Self {
        Self { place, what: what.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_os_str() == "-" {
            true => f.write_str("standard input")?,
            false => write!(f, "{}", self.path.display())?,
        }
        match self.line {
            0 => Ok(()),
            line => write!(f, ":{line}:{}", self.column),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}
