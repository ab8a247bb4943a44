//! What a finding can be about: one rule for each code.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong on most machines.
    Info,
    /// Works until something fails, or does not do what it seems to.
    Warning,
    /// The machine will not take it.
    Error,
}

/// One thing that the linter looks for. Codes are stable: they stand in silences and in CI.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// `IPX010`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// What happens on the machine, and why.
    pub explanation: &'static str,
    /// What to do about it.
    pub fix: &'static str,
}

impl Rule {
    /// How bad it is in a script that another one may have called: a script that ends hands its failure to that, which is
    /// how large collections of scripts handle all failures in one place. What a server hands out nobody called.
    pub fn severity_if_called(&self) -> Severity {
        if self.code == super::ipxe::UNHANDLED.code { Severity::Info } else { self.severity }
    }
}

impl Severity {
    /// Every severity, the mildest first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|severity| severity.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is no severity; use info, warning or error"))
    }
}

/// Writes the rules of a module as constants, and a list of all of them.
macro_rules! rules {
    ($($name:ident = $code:literal $severity:ident, $title:literal, $explanation:literal, $fix:literal;)+) => {
        $(pub(in crate::lint) static $name: $crate::lint::Rule = $crate::lint::Rule {
            code: $code,
            severity: $crate::lint::Severity::$severity,
            title: $title,
            explanation: $explanation,
            fix: $fix,
        };)+
        /// Every rule of this module, by code.
        pub(in crate::lint) static RULES: &[&$crate::lint::Rule] = &[$(&$name),+];
    };
}
pub(super) use rules;
