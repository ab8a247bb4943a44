//! The immutable, indexed, in-memory form of the four nouns.
//!
//! A [`Catalog`] that is served is never changed: [`Catalog::with`] gives the next one, which shares all that stayed the
//! same, so that one new machine among a million costs little and readers of the old one are not disturbed.

mod check;
mod identities;
mod machines;
mod pack;
mod record;
mod rules;

use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;

use crate::domain::{Change, Changes, Facts, Image, Mac, Machine, Name, Noun, Rule, Stamped, Template};

pub use check::{Clash, Reference};
pub use machines::Machines;
pub use rules::RuleIndex;

/// Something together with the catalog revision that last changed it.
#[derive(Debug)]
pub struct Versioned<T> {
    /// The catalog revision that last changed it.
    pub revision: u64,
    /// The thing itself.
    pub value: Arc<T>,
}

/// How a machine was recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// By a MAC address.
    Mac,
    /// By its SMBIOS UUID.
    Uuid,
    /// By its SMBIOS serial number.
    Serial,
}

/// All four nouns at one revision. Cheap to clone.
#[derive(Clone, Default)]
pub struct Catalog {
    revision: u64,
    images: OrdMap<Name, Versioned<Image>>,
    templates: OrdMap<Name, Versioned<Template>>,
    machines: Machines,
    rules: OrdMap<Name, Versioned<Rule>>,
    rule_index: Arc<RuleIndex>,
}

/// What has an order by name, and of which a list can begin anywhere.
pub trait ByName<T> {
    /// How many there are.
    fn count(&self) -> usize;

    /// Those after `name` in order; all where there is none.
    fn after(&self, name: Option<&str>) -> impl Iterator<Item = Versioned<T>>;
}

impl<T> ByName<T> for OrdMap<Name, Versioned<T>> {
    fn count(&self) -> usize {
        self.len()
    }

    fn after(&self, name: Option<&str>) -> impl Iterator<Item = Versioned<T>> {
        let begin = name.map_or(Bound::Unbounded, Bound::Excluded);
        self.range::<_, str>((begin, Bound::Unbounded)).map(|(_, entry)| entry.clone())
    }
}

impl Catalog {
    /// The catalog that `changes` lead to.
    pub fn with(&self, changes: &Changes) -> Self {
        let mut next = self.clone();
        next.apply(changes);
        next
    }

    /// Makes this catalog the one that `changes` lead to. Where it shares nothing with another one, nothing is copied: so
    /// a million machines are put in piece by piece.
    pub fn apply(&mut self, changes: &Changes) {
        let mut rules_changed = false;
        for Stamped { revision, change } in &changes.changes {
            rules_changed |= change.noun() == Noun::Rule;
            self.put(*revision, change);
        }
        self.machines.file();
        if rules_changed {
            self.rule_index = Arc::new(RuleIndex::new(self.rules.values().map(|rule| rule.value.clone())));
        }
        self.revision = changes.revision;
    }

    /// The revision of this catalog.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The images by name.
    pub fn images(&self) -> &OrdMap<Name, Versioned<Image>> {
        &self.images
    }

    /// The stored templates by name, without the built-in ones.
    pub fn templates(&self) -> &OrdMap<Name, Versioned<Template>> {
        &self.templates
    }

    /// The machines.
    pub fn machines(&self) -> &Machines {
        &self.machines
    }

    /// The rules by name.
    pub fn rules(&self) -> &OrdMap<Name, Versioned<Rule>> {
        &self.rules
    }

    /// The rules in the order in which they are tried.
    pub fn rule_index(&self) -> &RuleIndex {
        &self.rule_index
    }

    /// The revision of what stands under a name.
    pub fn revision_of(&self, noun: Noun, name: &Name) -> Option<u64> {
        match noun {
            Noun::Image => self.images.get(name).map(|entry| entry.revision),
            Noun::Template => self.templates.get(name).map(|entry| entry.revision),
            Noun::Machine => self.machines.revision_of(name.as_str()),
            Noun::Rule => self.rules.get(name).map(|entry| entry.revision),
        }
    }

    /// Every machine that some identity in `facts` points at, the strongest identity first. UUIDs and serial numbers
    /// that many machines share point at none.
    pub fn identify(&self, facts: &Facts) -> impl Iterator<Item = (Identity, Arc<Machine>)> {
        self.machines.identify(facts)
    }

    /// The machine with this MAC.
    pub fn machine_by_mac(&self, mac: Mac) -> Option<Machine> {
        self.machines.with_mac(mac).next()
    }

    fn put(&mut self, revision: u64, change: &Change) {
        match change {
            Change::Image(image) => {
                self.images.insert(image.name.clone(), Versioned::new(revision, image));
            }
            Change::Template(template) => {
                self.templates.insert(template.name.clone(), Versioned::new(revision, template));
            }
            Change::Rule(rule) => {
                self.rules.insert(rule.name.clone(), Versioned::new(revision, rule));
            }
            Change::Machine(machine) => self.machines.insert(revision, machine),
            Change::Delete(Noun::Image, name) => {
                self.images.remove(name);
            }
            Change::Delete(Noun::Template, name) => {
                self.templates.remove(name);
            }
            Change::Delete(Noun::Rule, name) => {
                self.rules.remove(name);
            }
            Change::Delete(Noun::Machine, name) => self.machines.remove(name),
        }
    }
}

impl<T: Clone> Versioned<T> {
    fn new(revision: u64, value: &T) -> Self {
        Self { revision, value: Arc::new(value.clone()) }
    }
}

impl<T> Clone for Versioned<T> {
    fn clone(&self) -> Self {
        Self { revision: self.revision, value: self.value.clone() }
    }
}

impl Identity {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mac => "mac",
            Self::Uuid => "uuid",
            Self::Serial => "serial",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Uuid;

    fn machine(name: &str, macs: &[&str]) -> Machine {
        let mut machine = Machine::new(name.parse().unwrap());
        machine.macs = macs.iter().map(|mac| mac.parse().unwrap()).collect();
        machine
    }

    fn changes(revision: u64, changes: Vec<Change>) -> Changes {
        Changes {
            revision,
            changes: changes.into_iter().map(|change| Stamped { revision, change }).collect(),
        }
    }

    fn holder(catalog: &Catalog, mac: &str) -> Option<String> {
        catalog.machine_by_mac(mac.parse().unwrap()).map(|machine| machine.name.to_string())
    }

    #[test]
    fn a_mac_moves_between_machines_whatever_the_order_of_changes() {
        let a = "02:00:00:00:00:01";
        let b = "02:00:00:00:00:02";
        let before = Catalog::default().with(&changes(
            1,
            vec![Change::Machine(machine("one", &[a])), Change::Machine(machine("two", &[b]))],
        ));
        let mut swap = vec![Change::Machine(machine("one", &[b])), Change::Machine(machine("two", &[a]))];
        for _ in 0..2 {
            let after = before.with(&changes(2, swap.clone()));
            assert_eq!((holder(&after, a), holder(&after, b)), (Some("two".into()), Some("one".into())));
            swap.reverse();
        }
        assert_eq!(holder(&before, a), Some("one".into()), "the old catalog is as it was");
    }

    #[test]
    fn a_deleted_machine_leaves_nothing() {
        let mut gone = machine("one", &["02:00:00:00:00:01"]);
        gone.serial = Some("SN-1".into());
        gone.uuid = Some(Uuid::from_u128(77));
        let catalog = Catalog::default().with(&changes(1, vec![Change::Machine(gone)]));
        let facts =
            Facts { serial: Some("sn-1".into()), uuid: Some(Uuid::from_u128(77)), ..Facts::default() };
        assert_eq!(catalog.identify(&facts).count(), 2);
        let catalog = catalog.with(&changes(2, vec![Change::Delete(Noun::Machine, "one".parse().unwrap())]));
        assert_eq!(catalog.identify(&facts).count(), 0);
        assert!(catalog.machines.is_empty());
        assert_eq!(holder(&catalog, "02:00:00:00:00:01"), None);
    }
}
