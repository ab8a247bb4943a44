//! Lists of the four nouns, a page at a time, from memory.

use super::filter::{Fields, Filter};
use super::{Service, TemplateView};
use crate::catalog::{ByName, Versioned};
use crate::domain::{Image, Machine, Name, Noun, Rule};
use crate::error::Error;

/// The size of a page where none is asked for.
const DEFAULT_PAGE: usize = 100;

/// The largest page.
const MAX_PAGE: usize = 1000;

/// Which page is asked for.
#[derive(Debug, Default)]
pub struct PageRequest {
    /// At most this many; 0 for the default.
    pub size: u32,
    /// The token of the page before; empty for the first.
    pub token: String,
    /// Which entries are wanted.
    pub filter: Filter,
}

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// Where the next page begins; empty on the last one.
    pub next: String,
    /// How many entries there are in all; of a filtered list of machines or images, on its first page only.
    pub total: u64,
}

impl Service {
    /// Images by name.
    pub fn list_images(&self, request: &PageRequest) -> Result<Page<Versioned<Image>>, Error> {
        by_name(self.snapshot()?.catalog.images(), request)
    }

    /// Machines by name.
    pub fn list_machines(&self, request: &PageRequest) -> Result<Page<Versioned<Machine>>, Error> {
        by_name(self.snapshot()?.catalog.machines(), request)
    }

    /// Rules in the order in which they are tried.
    pub fn list_rules(&self, request: &PageRequest) -> Result<Page<Versioned<Rule>>, Error> {
        let snapshot = self.snapshot()?;
        let rules = snapshot.catalog.rules();
        let ordered = snapshot.catalog.rule_index().ordered().iter().filter_map(|rule| rules.get(&rule.name));
        let page = in_order(ordered.collect(), request, |entry| &*entry.value)?;
        Ok(Page { entries: page.entries.into_iter().cloned().collect(), next: page.next, total: page.total })
    }

    /// Templates by name, built-in ones included.
    pub fn list_templates(&self, request: &PageRequest) -> Result<Page<TemplateView>, Error> {
        let snapshot = self.snapshot()?;
        let page = in_order(snapshot.templates.iter().collect(), request, |entry| entry)?;
        let entries = page.entries.into_iter().map(|entry| snapshot.view(entry)).collect();
        Ok(Page { entries, next: page.next, total: page.total })
    }

    /// The image of this name.
    pub fn get_image(&self, name: &str) -> Result<Versioned<Image>, Error> {
        let snapshot = self.snapshot()?;
        snapshot.catalog.images().get(name).cloned().ok_or_else(|| snapshot.not_found(Noun::Image, name))
    }

    /// The machine of this name.
    pub fn get_machine(&self, name: &str) -> Result<Versioned<Machine>, Error> {
        let snapshot = self.snapshot()?;
        snapshot.catalog.machines().get(name).ok_or_else(|| snapshot.not_found(Noun::Machine, name))
    }

    /// The rule of this name.
    pub fn get_rule(&self, name: &str) -> Result<Versioned<Rule>, Error> {
        let snapshot = self.snapshot()?;
        snapshot.catalog.rules().get(name).cloned().ok_or_else(|| snapshot.not_found(Noun::Rule, name))
    }
}

impl PageRequest {
    fn size(&self) -> usize {
        match self.size as usize {
            0 => DEFAULT_PAGE,
            size => size.min(MAX_PAGE),
        }
    }
}

/// A page of a map: the token is the last name of the page before, so that it holds when that entry is gone.
fn by_name<T: Fields>(entries: &impl ByName<T>, request: &PageRequest) -> Result<Page<Versioned<T>>, Error> {
    request.filter.check::<T>()?;
    let wanted = |entry: &Versioned<T>| request.filter.accepts(&*entry.value);
    let total = match (request.filter.is_empty(), request.token.is_empty()) {
        (true, _) => entries.count(),
        (false, true) => entries.after(None).filter(wanted).count(),
        (false, false) => 0,
    };
    let last = Some(request.token.as_str()).filter(|token| !token.is_empty());
    let rest = entries.after(last).filter(wanted);
    Ok(cut(rest, request, total, |entry| entry.value.name()))
}

/// A page of entries that have an order of their own.
fn in_order<'a, E, T: Fields + 'a>(
    entries: Vec<&'a E>,
    request: &PageRequest,
    fields: impl Fn(&'a E) -> &'a T,
) -> Result<Page<&'a E>, Error> {
    request.filter.check::<T>()?;
    let total = entries.iter().filter(|entry| request.filter.accepts(fields(entry))).count();
    let mut rest = entries.into_iter();
    if !request.token.is_empty() && !rest.any(|entry| fields(entry).name().as_str() == request.token) {
        return Err(Error::invalid_field(
            "options.page_token",
            "the list changed meanwhile; begin with the first page",
        ));
    }
    let wanted = rest.filter(|entry| request.filter.accepts(fields(entry)));
    Ok(cut(wanted, request, total, |entry| fields(entry).name()))
}

fn cut<E>(
    wanted: impl Iterator<Item = E>,
    request: &PageRequest,
    total: usize,
    name: impl Fn(&E) -> &Name,
) -> Page<E> {
    let size = request.size();
    let mut entries: Vec<E> = wanted.take(size + 1).collect();
    let mut next = String::new();
    if entries.len() > size {
        entries.truncate(size);
        next = entries.last().map(|entry| name(entry).to_string()).unwrap_or_default();
    }
    Page { entries, next, total: total as u64 }
}
