//! The machines of a catalog, each packed into a few hundred bytes: a million of them must fit into a small computer.

use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdSet;

use super::identities::{Identities, IdentityHash};
use super::record::Record;
use super::{ByName, Identity, Versioned};
use crate::domain::{Facts, Mac, Machine, Name, Templates, Uuid};

/// Machines by name and by what identifies them. Cheap to clone.
///
/// What it gives is made when it is asked for: keep it rather than asking twice.
#[derive(Clone, Default)]
pub struct Machines {
    by_name: OrdSet<Record>,
    identities: Identities,
    /// What `identities` has yet to take in; nothing while anybody asks.
    unfiled: Vec<(IdentityHash, Record)>,
}

impl Machines {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The machine of this name.
    pub fn get(&self, name: &str) -> Option<Versioned<Machine>> {
        Some(self.by_name.get(name)?.versioned())
    }

    /// The catalog revision that last changed the machine of this name.
    pub(super) fn revision_of(&self, name: &str) -> Option<u64> {
        self.by_name.get(name).map(Record::revision)
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = Name> {
        self.by_name.iter().filter_map(|record| record.name().parse().ok())
    }

    /// All of them by name.
    pub fn iter(&self) -> impl Iterator<Item = Versioned<Machine>> {
        self.by_name.iter().map(Record::versioned)
    }

    /// Of each its name, its binding and its templates, by name.
    pub(super) fn references(&self) -> impl Iterator<Item = (Name, Option<Name>, Templates)> {
        self.by_name.iter().filter_map(|record| {
            let (image, templates) = record.references()?;
            Some((record.name().parse().ok()?, image, templates))
        })
    }

    /// Every machine that some identity in `facts` points at, the strongest identity first.
    pub(super) fn identify(&self, facts: &Facts) -> impl Iterator<Item = (Identity, Arc<Machine>)> {
        let mut last: Option<(&Record, Arc<Machine>)> = None;
        let mut find = |hash: IdentityHash, has: &dyn Fn(&Machine) -> bool| {
            self.identities.get(hash).find_map(|record| {
                let machine = match &last {
                    // All identities point at one machine as a rule.
                    Some((known, machine)) if known.is(record) => machine.clone(),
                    _ => Arc::new(record.machine()),
                };
                has(&machine).then(|| {
                    last = Some((record, machine.clone()));
                    machine
                })
            })
        };
        let by_mac =
            facts.mac.and_then(|mac| find(IdentityHash::of_mac(mac), &|machine| machine.macs.contains(&mac)));
        let by_uuid = facts
            .identifying_uuid()
            .and_then(|uuid| find(IdentityHash::of_uuid(uuid), &|machine| machine.uuid == Some(uuid)));
        let by_serial = facts
            .identifying_serial()
            .and_then(|serial| find(IdentityHash::of_serial(serial), &|machine| has_serial(machine, serial)));
        [(Identity::Mac, by_mac), (Identity::Uuid, by_uuid), (Identity::Serial, by_serial)]
            .into_iter()
            .filter_map(|(identity, machine)| Some((identity, machine?)))
    }

    /// The machines with this MAC: one, but for changes that have yet to be checked.
    pub(super) fn with_mac(&self, mac: Mac) -> impl Iterator<Item = Machine> {
        self.holders(IdentityHash::of_mac(mac)).filter(move |machine| machine.macs.contains(&mac))
    }

    /// The same for a UUID.
    pub(super) fn with_uuid(&self, uuid: Uuid) -> impl Iterator<Item = Machine> {
        self.holders(IdentityHash::of_uuid(uuid)).filter(move |machine| machine.uuid == Some(uuid))
    }

    /// The same for a serial number.
    pub(super) fn with_serial(&self, serial: &str) -> impl Iterator<Item = Machine> {
        self.holders(IdentityHash::of_serial(serial)).filter(move |machine| has_serial(machine, serial))
    }

    fn holders(&self, hash: IdentityHash) -> impl Iterator<Item = Machine> {
        self.identities.get(hash).map(Record::machine)
    }

    /// Puts a machine in the place of the one of its name. What identifies it is known after [`Self::file`].
    pub(super) fn insert(&mut self, revision: u64, machine: &Machine) {
        let record = Record::new(revision, machine);
        if let Some(old) = self.by_name.insert(record.clone()) {
            self.forget(&old);
        }
        self.unfiled.extend(IdentityHash::all_of(machine).map(|hash| (hash, record.clone())));
    }

    /// Files what was inserted under what identifies it.
    pub(super) fn file(&mut self) {
        if !self.unfiled.is_empty() {
            self.identities.insert(std::mem::take(&mut self.unfiled));
        }
    }

    pub(super) fn remove(&mut self, name: &Name) {
        if let Some(old) = self.by_name.remove(name.as_str()) {
            self.forget(&old);
        }
    }

    fn forget(&mut self, old: &Record) {
        self.file();
        for hash in IdentityHash::all_of(&old.machine()) {
            self.identities.remove(hash, old);
        }
    }
}

impl ByName<Machine> for Machines {
    fn count(&self) -> usize {
        self.len()
    }

    fn after(&self, name: Option<&str>) -> impl Iterator<Item = Versioned<Machine>> {
        let begin = name.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_name.range::<_, str>((begin, Bound::Unbounded)).map(Record::versioned)
    }
}

fn has_serial(machine: &Machine, serial: &str) -> bool {
    machine.serial.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(serial))
}
