//! The immutable, indexed, in-memory form of the four nouns.
//!
//! A [`Catalog`] is never changed: [`Catalog::with`] gives the next one, which shares all that stayed the same, so
//! that one new machine among a million costs microseconds and readers of the old one are not disturbed.

mod check;
mod rules;

use std::sync::Arc;

use imbl::{HashMap, OrdMap};

use crate::domain::{Change, Changes, Facts, Image, Mac, Machine, Name, Noun, Rule, Stamped, Template, Uuid};

pub use check::{Clash, Reference};
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
    machines: OrdMap<Name, Versioned<Machine>>,
    rules: OrdMap<Name, Versioned<Rule>>,
    rule_index: Arc<RuleIndex>,
    by_mac: HashMap<Mac, Arc<Machine>>,
    by_uuid: HashMap<Uuid, Arc<Machine>>,
    by_serial: HashMap<Box<str>, Arc<Machine>>,
}

impl Catalog {
    /// The catalog that `changes` lead to.
    pub fn with(&self, changes: &Changes) -> Self {
        let mut next = self.clone();
        let mut rules_changed = false;
        for Stamped { revision, change } in &changes.changes {
            rules_changed |= change.noun() == Noun::Rule;
            next.apply(*revision, change);
        }
        if rules_changed {
            next.rule_index = Arc::new(RuleIndex::new(next.rules.values().map(|rule| rule.value.clone())));
        }
        next.revision = changes.revision;
        next
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

    /// The machines by name.
    pub fn machines(&self) -> &OrdMap<Name, Versioned<Machine>> {
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
            Noun::Machine => self.machines.get(name).map(|entry| entry.revision),
            Noun::Rule => self.rules.get(name).map(|entry| entry.revision),
        }
    }

    /// Every machine that some identity in `facts` points at, the strongest identity first. UUIDs and serial numbers
    /// that many machines share point at none.
    pub fn identify(&self, facts: &Facts) -> impl Iterator<Item = (Identity, &Arc<Machine>)> {
        let by_mac = facts.mac.and_then(|mac| self.by_mac.get(&mac));
        let by_uuid = facts.identifying_uuid().and_then(|uuid| self.by_uuid.get(&uuid));
        let by_serial = facts.identifying_serial().and_then(|serial| self.machine_by_serial(serial));
        [(Identity::Mac, by_mac), (Identity::Uuid, by_uuid), (Identity::Serial, by_serial)]
            .into_iter()
            .filter_map(|(identity, machine)| Some((identity, machine?)))
    }

    /// The machine with this MAC.
    pub fn machine_by_mac(&self, mac: Mac) -> Option<&Arc<Machine>> {
        self.by_mac.get(&mac)
    }

    fn machine_by_serial(&self, serial: &str) -> Option<&Arc<Machine>> {
        if self.by_serial.is_empty() {
            return None;
        }
        self.by_serial.get(serial.to_ascii_lowercase().as_str())
    }

    fn apply(&mut self, revision: u64, change: &Change) {
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
            Change::Machine(machine) => {
                let entry = Versioned::new(revision, machine);
                self.forget_machine(&machine.name);
                for mac in &machine.macs {
                    self.by_mac.insert(*mac, entry.value.clone());
                }
                if let Some(uuid) = machine.uuid {
                    self.by_uuid.insert(uuid, entry.value.clone());
                }
                if let Some(serial) = &machine.serial {
                    self.by_serial.insert(serial.to_ascii_lowercase().into(), entry.value.clone());
                }
                self.machines.insert(machine.name.clone(), entry);
            }
            Change::Delete(Noun::Image, name) => {
                self.images.remove(name);
            }
            Change::Delete(Noun::Template, name) => {
                self.templates.remove(name);
            }
            Change::Delete(Noun::Rule, name) => {
                self.rules.remove(name);
            }
            Change::Delete(Noun::Machine, name) => self.forget_machine(name),
        }
    }

    /// Takes a machine and its identities out, but no identity that another machine has taken over meanwhile: changes
    /// come in no particular order.
    fn forget_machine(&mut self, name: &Name) {
        let Some(Versioned { value: old, .. }) = self.machines.remove(name) else { return };
        let still_its = |holder: Option<&Arc<Machine>>| holder.is_some_and(|holder| holder.name == *name);
        for mac in &old.macs {
            if still_its(self.by_mac.get(mac)) {
                self.by_mac.remove(mac);
            }
        }
        if let Some(uuid) = old.uuid.filter(|uuid| still_its(self.by_uuid.get(uuid))) {
            self.by_uuid.remove(&uuid);
        }
        if let Some(serial) = old.serial.as_ref().map(|serial| serial.to_ascii_lowercase())
            && still_its(self.by_serial.get(serial.as_str()))
        {
            self.by_serial.remove(serial.as_str());
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
        assert!(catalog.by_mac.is_empty() && catalog.machines.is_empty());
    }
}
