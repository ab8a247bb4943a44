//! What a write does to the four nouns, and what a reader has to catch up with.

use std::fmt;

use super::{Image, Machine, Name, Rule, Template};

/// The four things that operators manage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Noun {
    /// An [`Image`].
    Image,
    /// A [`Template`].
    Template,
    /// A [`Machine`].
    Machine,
    /// A [`Rule`].
    Rule,
}

impl Noun {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Image, Self::Template, Self::Machine, Self::Rule];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Template => "template",
            Self::Machine => "machine",
            Self::Rule => "rule",
        }
    }
}

impl fmt::Display for Noun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One noun put in place or taken away.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// This image stands under its name.
    Image(Image),
    /// This template stands under its name.
    Template(Template),
    /// This machine stands under its name.
    Machine(Machine),
    /// This rule stands under its name.
    Rule(Rule),
    /// Nothing stands under this name any more.
    Delete(Noun, Name),
}

impl Change {
    /// What it changes.
    pub fn noun(&self) -> Noun {
        match self {
            Self::Image(_) => Noun::Image,
            Self::Template(_) => Noun::Template,
            Self::Machine(_) => Noun::Machine,
            Self::Rule(_) => Noun::Rule,
            Self::Delete(noun, _) => *noun,
        }
    }

    /// The name of what it changes.
    pub fn name(&self) -> &Name {
        match self {
            Self::Image(image) => &image.name,
            Self::Template(template) => &template.name,
            Self::Machine(machine) => &machine.name,
            Self::Rule(rule) => &rule.name,
            Self::Delete(_, name) => name,
        }
    }
}

/// A change together with the catalog revision that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stamped {
    /// The catalog revision that made the change.
    pub revision: u64,
    /// The change.
    pub change: Change,
}

/// Everything that changed after some catalog revision, the last change of each noun only.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The catalog revision that these lead to.
    pub revision: u64,
    /// In no particular order.
    pub changes: Vec<Stamped>,
}
