//! Machines that asked and are not registered.

use std::net::IpAddr;

use super::{Asked, BootRecord, Facts, Mac, Name, Outcome, Timestamp, Uuid};

/// A machine that asked and is not registered, with what it got last.
#[derive(Clone, Debug, PartialEq)]
pub struct Discovered {
    /// The MAC that it said.
    pub mac: Option<Mac>,
    /// The UUID that it said.
    pub uuid: Option<Uuid>,
    /// The serial number that it said.
    pub serial: Option<String>,
    /// The manufacturer that it said.
    pub manufacturer: Option<String>,
    /// The product that it said.
    pub product: Option<String>,
    /// Where it asked from.
    pub client: IpAddr,
    /// When it asked first.
    pub first: Timestamp,
    /// When it asked last.
    pub last: Timestamp,
    /// How often it asked.
    pub count: u64,
    /// What it asked for last.
    pub asked: Asked,
    /// How that was answered.
    pub outcome: Outcome,
    /// The rule that decided.
    pub rule: Option<Name>,
    /// The template, as `NAME@REVISION`.
    pub template: Option<String>,
}

impl Discovered {
    /// What one record tells; none where the machine is registered or does not say who it is.
    pub fn of(record: &BootRecord) -> Option<Self> {
        let facts = &record.facts;
        let found = Self {
            mac: facts.mac,
            uuid: facts.identifying_uuid(),
            serial: facts.identifying_serial().map(str::to_owned),
            manufacturer: facts.manufacturer.clone(),
            product: facts.product.clone(),
            client: record.client,
            first: record.at,
            last: record.at,
            count: 1,
            asked: record.asked,
            outcome: record.outcome,
            rule: record.rule.clone(),
            template: record.template.as_deref().map(str::to_owned),
        };
        (record.machine.is_none() && found.key().is_some()).then_some(found)
    }

    /// The identity under which it is counted: the MAC where it said one, else the UUID, else the serial number.
    pub fn key(&self) -> Option<String> {
        if let Some(mac) = self.mac {
            return Some(format!("mac={mac}"));
        }
        if let Some(uuid) = self.uuid {
            return Some(format!("uuid={uuid}"));
        }
        self.serial.as_ref().map(|serial| format!("serial={}", serial.to_ascii_lowercase()))
    }

    /// The same machine again, later or earlier: what the later one said counts, and where it left something out, what
    /// the other said.
    pub fn with(self, other: Self) -> Self {
        let (first, count) = (self.first.min(other.first), self.count + other.count);
        let (new, old) = if other.last >= self.last { (other, self) } else { (self, other) };
        Self {
            uuid: new.uuid.or(old.uuid),
            serial: new.serial.or(old.serial),
            manufacturer: new.manufacturer.or(old.manufacturer),
            product: new.product.or(old.product),
            first,
            count,
            ..new
        }
    }

    /// Its identities, as a request would say them.
    pub fn identities(&self) -> Facts {
        Facts { mac: self.mac, uuid: self.uuid, serial: self.serial.clone(), ..Facts::default() }
    }

    /// Whether `identity` is one of its MAC, UUID and serial number, in any spelling.
    pub fn is(&self, identity: &str) -> bool {
        let mac = identity.parse().ok().filter(|mac: &Mac| Some(*mac) == self.mac);
        let uuid = identity.parse().ok().filter(|uuid: &Uuid| Some(*uuid) == self.uuid);
        let serial = self.serial.as_deref().is_some_and(|serial| serial.eq_ignore_ascii_case(identity));
        mac.is_some() || uuid.is_some() || serial
    }
}
