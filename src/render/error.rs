//! What is wrong with a template, said so that its author finds the place.

use std::fmt;

use super::limits::Limit;
use super::view::NAMES;
use crate::domain::Kind;

/// Why a template did not render. Never carries the value of a variable, which may be a secret, but for one of a param
/// that is declared, and not as secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderError {
    /// What is wrong.
    pub reason: Reason,
    /// Where, innermost first: the place itself, then the includes that led there.
    pub spots: Vec<Spot>,
}

/// A place in a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The name of the template.
    pub template: String,
    /// Its line, from 1, where known.
    pub line: Option<usize>,
    /// The character in the line, from 1, where known.
    pub column: Option<usize>,
    /// How many characters of the line are meant.
    pub width: usize,
    /// The text of the line, without its end.
    pub source: Option<String>,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The source is no Jinja.
    Syntax(String),
    /// The template uses what nobody gave.
    Undefined {
        /// Its name, such as `params.console`; empty where it is not known.
        variable: String,
    },
    /// Nobody gives a param that is declared as required.
    MissingParam {
        /// Its name, such as `params.disk`.
        variable: String,
        /// What it is for.
        help: String,
    },
    /// A param is given that is not what it is declared to be.
    WrongParam {
        /// Its name, such as `params.disk`.
        variable: String,
        /// What gives it, such as `rule rack-1`.
        given_by: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A value can not stand where the template puts it.
    RefusedValue {
        /// The expression, where it is a plain one.
        variable: Option<String>,
        /// What is wrong with it, and which filter helps.
        why: String,
    },
    /// The template uses more than it may.
    Limit(Limit),
    /// The document does not begin with `#!ipxe`.
    NotAScript(String),
    /// The document does not parse as what its kind says.
    Malformed(String),
    /// A template that does not exist, or is not of this kind.
    MissingTemplate {
        /// Its name.
        name: String,
        /// The kind that it has instead, if there is one of this name.
        other: Option<Kind>,
    },
    /// The template said `not_found(reason)`: the machine gets nothing, and takes its next boot device.
    NotFound(String),
    /// The template said `fail(reason)`.
    Failed(String),
    /// Anything else that the engine refuses.
    Other(String),
}

impl RenderError {
    /// An error in `template` as a whole.
    pub(super) fn whole(template: &str, reason: Reason) -> Self {
        let spot = Spot { template: template.to_owned(), line: None, column: None, width: 0, source: None };
        Self { reason, spots: vec![spot] }
    }

    /// The name of the variable that is to blame, where known.
    pub fn variable(&self) -> Option<&str> {
        match &self.reason {
            Reason::Undefined { variable } if !variable.is_empty() => Some(variable),
            Reason::MissingParam { variable, .. } | Reason::WrongParam { variable, .. } => Some(variable),
            Reason::RefusedValue { variable, .. } => variable.as_deref(),
            _ => None,
        }
    }

    /// The template, line and column, as `name:3:7`.
    pub fn place(&self) -> String {
        self.spots.first().map(ToString::to_string).unwrap_or_default()
    }

    /// One line without the source: what a person at the machine's console may read.
    pub fn summary(&self) -> String {
        format!("{}: {}", self.place(), self.reason)
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.template)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ":{column}")?;
        }
        Ok(())
    }
}

/// The longest piece of a source line that is worth showing.
const SHOWN: usize = 160;

impl fmt::Display for RenderError {
    /// Several lines: the place and the reason, the source line with a caret, and the way there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())?;
        let Some(spot) = self.spots.first() else { return Ok(()) };
        if let (Some(line), Some(source)) = (spot.line, &spot.source) {
            let column = spot.column.unwrap_or(1);
            // Keep the caret in sight in a very long line.
            let skip = if column > SHOWN { column - SHOWN / 2 } else { 0 };
            let shown: String = source.chars().skip(skip).take(SHOWN).collect();
            write!(f, "\n  {line:>4} | {shown}")?;
            if spot.column.is_some() {
                let before = source.chars().skip(skip).take(column - 1 - skip);
                let pad: String = before.map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
                let width = spot.width.clamp(1, SHOWN.saturating_sub(pad.len()).max(1));
                write!(f, "\n       | {pad}{}", "^".repeat(width))?;
            }
        }
        for spot in self.spots.iter().skip(1) {
            write!(f, "\n  included from {spot}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined { variable } if variable.is_empty() => {
                f.write_str("something here is undefined; use |default(…) or `is defined` where it may be missing")
            }
            Self::Undefined { variable } => undefined(f, variable),
            Self::MissingParam { variable, help } => missing(f, variable, help),
            Self::WrongParam { variable, given_by, problem } => write!(f, "{variable} of the {given_by} {problem}"),
            Self::RefusedValue { variable: Some(variable), why } => write!(f, "{variable} {why}"),
            Self::RefusedValue { variable: None, why } => write!(f, "the value {why}"),
            Self::Limit(Limit::Fuel) => f.write_str("takes too many steps or too much memory; look for a loop without end, or for text that grows"),
            Self::Limit(Limit::Recursion) => f.write_str("nests too deep; look for a template or macro that includes itself"),
            Self::Limit(Limit::Output) => f.write_str("makes too large a document"),
            Self::Limit(Limit::Time) => f.write_str("takes too long"),
            Self::NotAScript(found) => write!(f, "{found}; an iPXE script has #!ipxe as its very first bytes, and a BIOS machine would run anything else as code"),
            Self::Malformed(text) => f.write_str(text),
            Self::MissingTemplate { name, other: Some(kind) } => write!(f, "the template {name:?} is of kind {kind}; a template can include only those of its own kind"),
            Self::MissingTemplate { name, other: None } => write!(f, "there is no template {name:?} that works"),
            Self::NotFound(text) => write!(f, "not found: {text}"),
            Self::Syntax(text) | Self::Failed(text) | Self::Other(text) => f.write_str(text),
        }
    }
}

fn missing(f: &mut fmt::Formatter<'_>, variable: &str, help: &str) -> fmt::Result {
    write!(f, "{variable} is required, and nobody gives it")?;
    if !help.is_empty() {
        write!(f, " ({help})")?;
    }
    f.write_str("; give it to the image, the rule or the machine")
}

/// A param can be given, a fact may be missing, and anything else is misspelt.
fn undefined(f: &mut fmt::Formatter<'_>, variable: &str) -> fmt::Result {
    let mut path = variable.split(['.', '[']);
    let (noun, name) = (path.next().unwrap_or_default(), path.next().unwrap_or_default());
    let known = NAMES.iter().find(|(known, _)| *known == noun).map(|(_, names)| *names);
    match known {
        _ if noun == "params" => write!(
            f,
            "{variable} is undefined; give the param {name} to the image, the rule or the machine, or write {variable}|default(…)"
        ),
        Some(names) if !name.is_empty() && !names.contains(&name) => {
            write!(f, "there is no {variable}; {noun} has {}", names.join(", "))
        }
        Some(_) => {
            write!(f, "{variable} is undefined here; ask first whether it is, or write {variable}|default(…)")
        }
        None if name.is_empty() => {
            write!(f, "{variable} is undefined; a template sees ")?;
            NAMES
                .iter()
                .enumerate()
                .try_for_each(|(i, (known, _))| write!(f, "{}{known}", if i == 0 { "" } else { ", " }))?;
            f.write_str(" and what it sets itself")
        }
        None => write!(
            f,
            "{variable} is undefined; write {variable}|default(…), or ask first whether it is defined"
        ),
    }
}

impl std::error::Error for RenderError {}
