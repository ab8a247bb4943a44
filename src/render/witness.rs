//! Which values of its context a rendering reads.
//!
//! Rendering depends on nothing but its context. So where another context has the same values, as far as a rendering reads
//! them, it makes the same document: it reads the first one, finds the same, goes on to the same second one, and so on.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value as Json;

use super::context::Context;
use crate::domain::{Attribute, Facts, Mac, Machine};

/// A set of values that a context can have. The image is always one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Values {
    fields: u64,
    params: BTreeSet<String>,
}

/// The rule, whole.
pub(super) const RULE: u64 = 1 << 32;
/// Where the server is, whole.
pub(super) const SERVER: u64 = 1 << 33;
/// The params that the machine gives, whole.
pub(super) const ALL_PARAMS: u64 = 1 << 34 | RULE;
/// How many params are told apart. A template can take their names from what a machine says, which may be anything.
const MOST_PARAMS: usize = 64;
/// What [`super::urls`] makes of a machine.
pub(super) const URLS: u64 = OWN_MAC | SERVER | (ALL_FACTS & !fact(Attribute::Ip));

const ALL_FACTS: u64 = (1 << Attribute::ALL.len()) - 1;
const OWN_MAC: u64 = 1 << 35;
const MACHINE: [&str; 8] = super::view::MACHINE;
const FIRST_OF_MACHINE: usize = 16;

/// A fact.
pub(super) const fn fact(attribute: Attribute) -> u64 {
    1 << attribute as u64
}

/// What `machine.KEY` is made of.
pub(super) fn machine(key: &str) -> u64 {
    let nth = MACHINE.iter().position(|known| *known == key);
    nth.map_or(0, |nth| 1 << (FIRST_OF_MACHINE + nth))
}

/// Notes what one rendering reads, beyond what is known to be read.
#[derive(Debug)]
pub(super) struct Witness {
    known: Arc<Values>,
    fields: AtomicU64,
    params: Mutex<BTreeSet<String>>,
}

impl Witness {
    pub(super) fn new(known: Arc<Values>) -> Self {
        Self { known, fields: AtomicU64::new(0), params: Mutex::default() }
    }

    /// These values are read.
    pub(super) fn fields(&self, fields: u64) {
        if fields & !self.known.fields != 0 {
            self.fields.fetch_or(fields, Ordering::Relaxed);
        }
    }

    /// The param of this name is read, or that there is none.
    pub(super) fn param(&self, name: &str) {
        self.fields(RULE);
        if !self.known.has(ALL_PARAMS) && !self.known.params.contains(name) {
            self.params.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        }
    }

    /// What was known to be read, with what was read as well; none where that is nothing.
    pub(super) fn more(&self) -> Option<Values> {
        let fields = self.fields.load(Ordering::Relaxed);
        let params = self.params.lock().unwrap_or_else(PoisonError::into_inner);
        if fields == 0 && params.is_empty() {
            return None;
        }
        let mut more = Values { fields, params: params.clone() };
        more.add(&self.known);
        Some(more)
    }
}

impl Values {
    /// Adds those of `other`.
    pub(super) fn add(&mut self, other: &Self) {
        self.fields |= other.fields;
        self.params.extend(other.params.iter().cloned());
        if self.params.len() > MOST_PARAMS {
            self.fields |= ALL_PARAMS;
        }
        if self.has(ALL_PARAMS) {
            self.params.clear();
        }
    }

    fn has(&self, fields: u64) -> bool {
        self.fields & fields == fields
    }

    /// Whether the rule is one of them.
    pub(super) fn have_rule(&self) -> bool {
        self.has(RULE)
    }

    /// Appends what they are in `context` to `key`, so that no two contexts in which they differ have the same key. For the
    /// image and the rule their addresses stand, so the key means something only while these live.
    pub(super) fn write(&self, context: &Context, key: &mut Vec<u8>) {
        let has = |fields| self.has(fields);
        address(key, context.image.as_ref());
        if has(RULE) {
            address(key, context.rule.as_ref());
        }
        if has(SERVER) {
            let server = &context.server;
            put(key, Some(server.base_url.as_bytes()));
            put(key, Some(server.asset_url.as_bytes()));
            key.extend_from_slice(&server.hold_seconds.to_le_bytes());
        }
        let (facts, own) = (&*context.facts, context.machine.as_deref());
        for attribute in Attribute::ALL {
            if has(fact(attribute)) {
                put_fact(key, facts, attribute);
            }
        }
        for (nth, name) in MACHINE.iter().enumerate() {
            if has(1 << (FIRST_OF_MACHINE + nth)) {
                put_machine(key, facts, own, name);
            }
        }
        if has(OWN_MAC) {
            let known = facts.mac.is_some_and(|mac| own.is_some_and(|own| own.macs.contains(&mac)));
            key.push(known.into());
        }
        let params = own.map(|own| &own.params);
        for name in &self.params {
            match params.and_then(|params| params.get(name)) {
                Some(value) => put_json(key, value),
                None => key.push(NOTHING),
            }
        }
        if has(ALL_PARAMS) {
            let params = params.into_iter().flatten();
            for (name, value) in params {
                put(key, Some(name.as_bytes()));
                put_json(key, value);
            }
            put(key, None);
        }
    }
}

fn put_fact(key: &mut Vec<u8>, facts: &Facts, attribute: Attribute) {
    match attribute {
        Attribute::Mac => put(key, facts.mac.as_ref().map(Mac::as_bytes)),
        Attribute::Uuid => {
            let bytes = facts.uuid.map(|uuid| uuid.to_u128().to_le_bytes());
            put(key, bytes.as_ref().map(<[u8; 16]>::as_slice));
        }
        _ => put(key, facts.get(attribute).as_ref().map(|text| text.as_bytes())),
    }
}

/// What `machine.NAME` is made of: what is registered, and otherwise what the machine said.
fn put_machine(key: &mut Vec<u8>, facts: &Facts, machine: Option<&Machine>, name: &str) {
    match name {
        "registered" => key.push(machine.is_some().into()),
        "name" => put(key, machine.map(|machine| machine.name.as_str().as_bytes())),
        "mac" => {
            let registered = machine.and_then(|machine| machine.macs.first());
            put(key, facts.mac.as_ref().or(registered).map(Mac::as_bytes));
        }
        "macs" => {
            let macs = machine.map_or(facts.mac.as_slice(), |machine| &machine.macs);
            macs.iter().for_each(|mac| put(key, Some(mac.as_bytes())));
            put(key, None);
        }
        "uuid" => match machine.and_then(|machine| machine.uuid) {
            Some(uuid) => put(key, Some(&uuid.to_u128().to_le_bytes())),
            None => put_fact(key, facts, Attribute::Uuid),
        },
        "serial" => match machine.and_then(|machine| machine.serial.as_ref()) {
            Some(serial) => put(key, Some(serial.as_bytes())),
            None => put_fact(key, facts, Attribute::Serial),
        },
        "hostname" => match machine.and_then(|machine| machine.hostname.as_ref()) {
            Some(hostname) => put(key, Some(hostname.as_bytes())),
            None => put_fact(key, facts, Attribute::Hostname),
        },
        _ => {
            for (label, value) in machine.into_iter().flat_map(|machine| &machine.labels) {
                put(key, Some(label.as_bytes()));
                put(key, Some(value.as_bytes()));
            }
            put(key, None);
        }
    }
}

fn address<T>(key: &mut Vec<u8>, thing: Option<&Arc<T>>) {
    let address = thing.map_or(0, |thing| Arc::as_ptr(thing).addr());
    key.extend_from_slice(&address.to_le_bytes());
}

/// The length says where the next one begins, and is one that no value has where there is none.
fn put(key: &mut Vec<u8>, value: Option<&[u8]>) {
    let length = value.map_or(u32::MAX, |value| u32::try_from(value.len()).unwrap_or(u32::MAX - 1));
    key.extend_from_slice(&length.to_le_bytes());
    key.extend_from_slice(value.unwrap_or_default());
}

/// That there is no value, or no further one.
const NOTHING: u8 = 0;

fn put_json(key: &mut Vec<u8>, value: &Json) {
    match value {
        Json::Null => key.push(1),
        Json::Bool(yes) => key.push(2 + u8::from(*yes)),
        Json::Number(number) => {
            let (tag, bits) = match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => (4, number.to_le_bytes()),
                (None, Some(number)) => (5, number.to_le_bytes()),
                (None, None) => (6, number.as_f64().unwrap_or_default().to_le_bytes()),
            };
            key.push(tag);
            key.extend_from_slice(&bits);
        }
        Json::String(text) => {
            key.push(7);
            put(key, Some(text.as_bytes()));
        }
        Json::Array(items) => {
            key.push(8);
            items.iter().for_each(|item| put_json(key, item));
            key.push(NOTHING);
        }
        Json::Object(map) => {
            key.push(9);
            for (name, value) in map {
                put(key, Some(name.as_bytes()));
                put_json(key, value);
            }
            put(key, None);
        }
    }
}
