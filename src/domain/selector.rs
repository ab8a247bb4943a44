//! Which machines a rule is for.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Attribute, Facts, InvalidPattern, Pattern};

/// The most attributes, and the most patterns of one attribute.
const MAX_ENTRIES: usize = 1000;

/// Attribute → patterns. All attributes must match; within one, any pattern may, and none that is excluded.
///
/// An attribute that only excludes also matches a machine that does not say it. The empty selector matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "BTreeMap<String, Vec<String>>", try_from = "BTreeMap<String, Vec<String>>")]
pub struct Selector {
    terms: Vec<Term>,
}

/// What a term of a selector looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A fact of the request.
    Fact(Attribute),
    /// A label of the registered machine.
    Label(String),
}

/// One attribute with its patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// What is looked at.
    pub key: Key,
    /// Any of these must match, unless there are none.
    pub any: Vec<Pattern>,
    /// None of these may match.
    pub none: Vec<Pattern>,
}

/// What a selector is held against.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// What the request said.
    pub facts: &'a Facts,
    /// The labels of the machine, where it is registered.
    pub labels: Option<&'a BTreeMap<String, String>>,
}

/// How specific a selector is; greater is more specific. The order of the fields is the order of comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Specificity {
    /// The mac is given exactly.
    pub exact_mac: bool,
    /// The uuid is given exactly.
    pub exact_uuid: bool,
    /// The serial is given exactly.
    pub exact_serial: bool,
    /// How many other attributes are given exactly.
    pub exact_others: usize,
    /// How many characters the globs (and whole bytes the networks) fix.
    pub literal_len: usize,
    /// The selector asks for anything at all.
    pub selective: bool,
}

/// Why a map of patterns is no selector: which term, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidSelector {
    /// The attribute does not exist.
    Attribute(String),
    /// The attribute has no patterns.
    NoPatterns(String),
    /// A pattern is invalid.
    Pattern(String, InvalidPattern),
    /// Too many attributes or patterns.
    TooMany(usize),
}

impl Selector {
    /// The terms, one for each attribute.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Whether this is the selector that matches everything.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether `subject` matches.
    pub fn matches(&self, subject: Subject<'_>) -> bool {
        self.mismatch(subject).is_none()
    }

    /// The first term that `subject` does not match.
    pub fn mismatch(&self, subject: Subject<'_>) -> Option<&Term> {
        self.terms.iter().find(|term| !term.matches(subject))
    }

    /// How specific this selector is, for the order of rules with the same priority.
    pub fn specificity(&self) -> Specificity {
        let exact = |attribute| self.terms.iter().any(|t| t.key == Key::Fact(attribute) && t.is_exact());
        let (exact_mac, exact_uuid, exact_serial) =
            (exact(Attribute::Mac), exact(Attribute::Uuid), exact(Attribute::Serial));
        let exact_all = self.terms.iter().filter(|t| t.is_exact()).count();
        Specificity {
            exact_mac,
            exact_uuid,
            exact_serial,
            exact_others: exact_all
                - usize::from(exact_mac)
                - usize::from(exact_uuid)
                - usize::from(exact_serial),
            literal_len: self.terms.iter().map(Term::literal_len).sum(),
            selective: !self.terms.is_empty(),
        }
    }
}

impl Term {
    /// Whether only listed values match.
    pub fn is_exact(&self) -> bool {
        !self.any.is_empty() && self.any.iter().all(Pattern::is_exact)
    }

    /// The least that a value which matches must have in common with a pattern.
    fn literal_len(&self) -> usize {
        self.any.iter().map(Pattern::literal_len).min().unwrap_or(0)
    }

    /// Whether `subject` matches this term.
    pub fn matches(&self, subject: Subject<'_>) -> bool {
        let facts = subject.facts;
        let text = |value: Option<&str>| self.decide(value, Pattern::matches_text);
        match &self.key {
            Key::Label(key) => text(subject.labels.and_then(|labels| labels.get(key)).map(String::as_str)),
            Key::Fact(Attribute::Mac) => self.decide(facts.mac, |pattern, mac| match pattern {
                Pattern::Mac(exact) => *exact == mac,
                other => other.matches_text(&mac.to_string()),
            }),
            Key::Fact(Attribute::Uuid) => {
                self.decide(facts.identifying_uuid(), |pattern, uuid| match pattern {
                    Pattern::Uuid(exact) => *exact == uuid,
                    other => other.matches_text(&uuid.to_string()),
                })
            }
            Key::Fact(Attribute::Ip) => self.decide(facts.ip, Pattern::contains),
            Key::Fact(Attribute::Serial) => text(facts.identifying_serial()),
            Key::Fact(attribute) => text(facts.get(*attribute).as_deref()),
        }
    }

    fn decide<T: Copy>(&self, value: Option<T>, matches: impl Fn(&Pattern, T) -> bool) -> bool {
        match value {
            None => self.any.is_empty(),
            Some(value) => {
                (self.any.is_empty() || self.any.iter().any(|p| matches(p, value)))
                    && !self.none.iter().any(|p| matches(p, value))
            }
        }
    }
}

impl Subject<'_> {
    /// What a term with this key looks at, in its canonical spelling.
    pub fn value(&self, key: &Key) -> Option<String> {
        match key {
            Key::Label(label) => self.labels?.get(label).cloned(),
            Key::Fact(attribute) => self.facts.get(*attribute).map(Into::into),
        }
    }
}

impl TryFrom<BTreeMap<String, Vec<String>>> for Selector {
    type Error = InvalidSelector;

    fn try_from(map: BTreeMap<String, Vec<String>>) -> Result<Self, InvalidSelector> {
        if map.len() > MAX_ENTRIES {
            return Err(InvalidSelector::TooMany(map.len()));
        }
        map.into_iter().map(|(key, patterns)| parse_term(key, &patterns)).collect::<Result<_, _>>().map(
            |terms| {
                let mut terms: Vec<Term> = terms;
                terms.sort_by(|a, b| a.key.cmp(&b.key));
                Self { terms }
            },
        )
    }
}

fn parse_term(key: String, patterns: &[String]) -> Result<Term, InvalidSelector> {
    let (parsed, attribute) = match key.strip_prefix("label.") {
        Some("") => return Err(InvalidSelector::Attribute(key)),
        Some(label) => (Key::Label(label.to_owned()), None),
        None => match key.parse() {
            Ok(attribute) => (Key::Fact(attribute), Some(attribute)),
            Err(()) => return Err(InvalidSelector::Attribute(key)),
        },
    };
    if patterns.is_empty() {
        return Err(InvalidSelector::NoPatterns(key));
    }
    if patterns.len() > MAX_ENTRIES {
        return Err(InvalidSelector::TooMany(patterns.len()));
    }
    let mut term = Term { key: parsed, any: Vec::new(), none: Vec::new() };
    for text in patterns {
        let (list, text) = match text.strip_prefix('!') {
            Some(rest) => (&mut term.none, rest),
            None => (&mut term.any, text.as_str()),
        };
        list.push(Pattern::parse(attribute, text).map_err(|e| InvalidSelector::Pattern(key.clone(), e))?);
    }
    Ok(term)
}

impl From<Selector> for BTreeMap<String, Vec<String>> {
    fn from(selector: Selector) -> Self {
        selector
            .terms
            .iter()
            .map(|term| {
                let any = term.any.iter().map(ToString::to_string);
                let none = term.none.iter().map(|pattern| format!("!{pattern}"));
                (term.key.to_string(), any.chain(none).collect())
            })
            .collect()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fact(attribute) => attribute.fmt(f),
            Self::Label(label) => write!(f, "label.{label}"),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.key)?;
        let any = self.any.iter().map(|p| (p, ""));
        for (i, (pattern, bang)) in any.chain(self.none.iter().map(|p| (p, "!"))).enumerate() {
            write!(f, "{}{bang}{pattern}", if i == 0 { "" } else { "|" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Selector {
    /// `mac=52:54:00:* label.rack=r1|r2`, or `everything`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("everything");
        }
        for (i, term) in self.terms.iter().enumerate() {
            write!(f, "{}{term}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Display for InvalidSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(key) => {
                write!(f, "{key:?} is no attribute; use ")?;
                for attribute in Attribute::ALL {
                    write!(f, "{attribute}, ")?;
                }
                f.write_str("or label.KEY")
            }
            Self::NoPatterns(key) => {
                write!(f, "{key} has no patterns; leave it out, or use * to ask for any value")
            }
            Self::Pattern(key, e) => write!(f, "{key}: {e}"),
            Self::TooMany(n) => write!(f, "has {n} entries; at most {MAX_ENTRIES} are allowed"),
        }
    }
}

impl std::error::Error for InvalidSelector {}
