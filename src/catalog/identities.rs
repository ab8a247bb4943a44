//! Which machine has a MAC, a UUID or a serial number.
//!
//! A tree of two levels over the hashes of all identities, whose leaves are sorted lists: an entry takes 16 bytes, a
//! change copies two lists, and a look-up touches few cache lines however many machines there are.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::record::Record;
use crate::domain::{Mac, Machine, Uuid};

/// How many bits of a hash choose a branch, and then a leaf of it. With a million machines a leaf has 250 entries.
const BITS: u32 = 7;

/// The hash of an identity. Two identities may share it: what is found must be asked whether it has the identity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct IdentityHash(u64);

type Leaf = Arc<Vec<(IdentityHash, Record)>>;

#[derive(Clone)]
pub(super) struct Identities {
    branches: Vec<Arc<Vec<Leaf>>>,
}

impl IdentityHash {
    pub(super) fn of_mac(mac: Mac) -> Self {
        Self::new((0u8, mac.as_bytes()))
    }

    pub(super) fn of_uuid(uuid: Uuid) -> Self {
        Self::new((1u8, uuid.to_u128()))
    }

    /// Serial numbers are compared without regard to case.
    pub(super) fn of_serial(serial: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        2u8.hash(&mut hasher);
        serial.bytes().for_each(|byte| hasher.write_u8(byte.to_ascii_lowercase()));
        Self(hasher.finish())
    }

    /// Those of all identities of a machine.
    pub(super) fn all_of(machine: &Machine) -> impl Iterator<Item = Self> {
        let macs = machine.macs.iter().map(|mac| Self::of_mac(*mac));
        let uuid = machine.uuid.map(Self::of_uuid);
        macs.chain(uuid).chain(machine.serial.as_deref().map(Self::of_serial))
    }

    fn new(identity: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        identity.hash(&mut hasher);
        Self(hasher.finish())
    }

    fn branch(self) -> usize {
        (self.0 >> (u64::BITS - BITS)) as usize
    }

    fn leaf(self) -> usize {
        (self.0 >> (u64::BITS - 2 * BITS)) as usize & ((1 << BITS) - 1)
    }
}

impl Default for Identities {
    fn default() -> Self {
        let leaves = Arc::new(vec![Leaf::default(); 1 << BITS]);
        Self { branches: vec![leaves; 1 << BITS] }
    }
}

impl Identities {
    /// The machines that may have the identity.
    pub(super) fn get(&self, hash: IdentityHash) -> impl Iterator<Item = &Record> {
        let leaf = &self.branches[hash.branch()][hash.leaf()];
        let begin = leaf.partition_point(|(other, _)| *other < hash);
        leaf[begin..].iter().take_while(move |(other, _)| *other == hash).map(|(_, record)| record)
    }

    /// Adds all of them. A million at once would wait for memory a million times if each were put in its place by itself,
    /// so each leaf is looked at once.
    pub(super) fn insert(&mut self, mut entries: Vec<(IdentityHash, Record)>) {
        entries.sort_unstable_by_key(|(hash, _)| *hash);
        let mut rest = entries.into_iter().peekable();
        while let Some((first, _)) = rest.peek() {
            let first = *first;
            let leaf = self.leaf(first);
            let is_here = |hash: IdentityHash| (hash.branch(), hash.leaf()) == (first.branch(), first.leaf());
            let mut here = Vec::new();
            while let Some(entry) = rest.next_if(|(hash, _)| is_here(*hash)) {
                here.push(entry);
            }
            // Room for more would be a third of all memory.
            leaf.reserve_exact(here.len());
            leaf.append(&mut here);
            // Two sorted runs, which it only merges.
            leaf.sort_by_key(|(hash, _)| *hash);
        }
    }

    pub(super) fn remove(&mut self, hash: IdentityHash, record: &Record) {
        self.leaf(hash).retain(|(other, holder)| *other != hash || !holder.is(record));
    }

    fn leaf(&mut self, hash: IdentityHash) -> &mut Vec<(IdentityHash, Record)> {
        Arc::make_mut(&mut Arc::make_mut(&mut self.branches[hash.branch()])[hash.leaf()])
    }
}
