//! One thing of any noun.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::{Image, Kind, Labels, Machine, Name, Noun, Rule, Template, Violation};

/// One thing of any noun.
#[derive(Clone, Debug, PartialEq)]
pub enum Resource {
    /// An image.
    Image(Image),
    /// A template; its head is 0.
    Template(Template),
    /// A machine.
    Machine(Machine),
    /// A rule.
    Rule(Rule),
}

/// What a manifest says of a template: its revisions are the server's affair.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TemplateDocument {
    pub(super) name: Name,
    pub(super) kind: Kind,
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub(super) labels: Labels,
    pub(super) source: Arc<str>,
}

impl Resource {
    /// Which of the four.
    pub fn noun(&self) -> Noun {
        match self {
            Self::Image(_) => Noun::Image,
            Self::Template(_) => Noun::Template,
            Self::Machine(_) => Noun::Machine,
            Self::Rule(_) => Noun::Rule,
        }
    }

    /// What it stands under.
    pub fn name(&self) -> &Name {
        match self {
            Self::Image(image) => &image.name,
            Self::Template(template) => &template.name,
            Self::Machine(machine) => &machine.name,
            Self::Rule(rule) => &rule.name,
        }
    }

    /// Its labels.
    pub fn labels(&self) -> &Labels {
        match self {
            Self::Image(image) => &image.labels,
            Self::Template(template) => &template.labels,
            Self::Machine(machine) => &machine.labels,
            Self::Rule(rule) => &rule.labels,
        }
    }

    /// What an operator must mend before it can be stored.
    pub fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Image(image) => image.violations(),
            Self::Template(template) => template.violations(),
            Self::Machine(machine) => machine.violations(),
            Self::Rule(rule) => rule.violations(),
        }
    }
}

macro_rules! from {
    ($($noun:ident),*) => {$(
        impl From<$noun> for Resource {
            fn from(value: $noun) -> Self {
                Self::$noun(value)
            }
        }
    )*};
}

from!(Image, Template, Machine, Rule);

impl From<TemplateDocument> for Template {
    fn from(document: TemplateDocument) -> Self {
        let TemplateDocument { name, kind, labels, source } = document;
        Self { labels, ..Self::new(name, kind, source) }
    }
}

impl From<&Template> for TemplateDocument {
    fn from(template: &Template) -> Self {
        Self {
            name: template.name.clone(),
            kind: template.kind,
            labels: template.labels.clone(),
            source: template.source.clone(),
        }
    }
}
