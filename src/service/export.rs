//! Everything that is stored, of one snapshot.

use super::filter::{Fields, Filter};
use super::{Service, TemplateView};
use crate::catalog::{ByName, Versioned};
use crate::domain::{Image, Machine, Noun, Rule};
use crate::error::Error;

/// One thing that is stored.
#[derive(Clone, Debug)]
pub enum Stored {
    /// An image.
    Image(Versioned<Image>),
    /// A template; built-in ones are not stored.
    Template(TemplateView),
    /// A machine.
    Machine(Versioned<Machine>),
    /// A rule.
    Rule(Versioned<Rule>),
}

/// What is stored, as of one catalog revision.
#[derive(Clone, Debug)]
pub struct Export {
    /// The catalog revision.
    pub revision: u64,
    /// By noun in the order that was asked for, and by name.
    pub stored: Vec<Stored>,
}

impl Service {
    /// What is stored of these nouns and matches the filter.
    pub fn export(&self, nouns: &[Noun], filter: &Filter) -> Result<Export, Error> {
        let snapshot = self.snapshot()?;
        let catalog = &snapshot.catalog;
        let mut stored = Vec::new();
        for noun in nouns {
            match noun {
                Noun::Image => stored.extend(wanted(catalog.images(), filter)?.map(Stored::Image)),
                Noun::Machine => stored.extend(wanted(catalog.machines(), filter)?.map(Stored::Machine)),
                Noun::Rule => stored.extend(wanted(catalog.rules(), filter)?.map(Stored::Rule)),
                Noun::Template => {
                    filter.check::<crate::render::Entry>()?;
                    let entries =
                        catalog.templates().keys().filter_map(|name| snapshot.templates.get(name.as_str()));
                    let entries = entries.filter(|entry| filter.accepts(*entry));
                    stored.extend(entries.map(|entry| Stored::Template(snapshot.view(entry))));
                }
            }
        }
        Ok(Export { revision: catalog.revision(), stored })
    }
}

fn wanted<'a, T: Fields + 'a>(
    entries: &'a impl ByName<T>,
    filter: &'a Filter,
) -> Result<impl Iterator<Item = Versioned<T>> + 'a, Error> {
    filter.check::<T>()?;
    Ok(entries.after(None).filter(|entry| filter.accepts(&*entry.value)))
}
