//! One machine as the catalog keeps it: in one piece of memory, whoever points at it.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::sync::Arc;

use triomphe::ThinArc;

use super::Versioned;
use super::pack::{Unpack, pack};
use crate::domain::{Machine, Name, Templates};

/// A packed machine and the catalog revision that last changed it. Ordered by name.
#[derive(Clone)]
pub(super) struct Record(ThinArc<u64, u8>);

impl Record {
    pub(super) fn new(revision: u64, machine: &Machine) -> Self {
        Self(ThinArc::from_header_and_slice(revision, &pack(machine)))
    }

    pub(super) fn name(&self) -> &str {
        self.unpack().text().unwrap_or_default()
    }

    /// The bytes of the name, whose order is that of the name, and which cost less.
    fn name_bytes(&self) -> &[u8] {
        self.unpack().bytes().unwrap_or_default()
    }

    /// The binding and the templates of the machine alone, which cost less than all of it.
    pub(super) fn references(&self) -> Option<(Option<Name>, Templates)> {
        let mut front = self.unpack();
        front.text()?;
        Some((front.image()?, front.templates()?))
    }

    pub(super) fn machine(&self) -> Machine {
        #[expect(
            clippy::expect_used,
            reason = "nothing but `new` makes these bytes, and a test holds both together"
        )]
        self.unpack().machine().expect("a packed machine")
    }

    /// The catalog revision that last changed the machine.
    pub(super) fn revision(&self) -> u64 {
        self.0.header.header
    }

    pub(super) fn versioned(&self) -> Versioned<Machine> {
        Versioned { revision: self.revision(), value: Arc::new(self.machine()) }
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        std::ptr::addr_eq(ThinArc::as_ptr(&self.0), ThinArc::as_ptr(&other.0))
    }

    fn unpack(&self) -> Unpack<'_> {
        Unpack(&self.0.slice)
    }
}

impl Borrow<str> for Record {
    fn borrow(&self) -> &str {
        self.name()
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.name_bytes() == other.name_bytes()
    }
}

impl Eq for Record {}

impl PartialOrd for Record {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Record {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name_bytes().cmp(other.name_bytes())
    }
}
