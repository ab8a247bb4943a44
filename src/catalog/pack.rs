//! A machine in few bytes.
//!
//! Lengths are LEB128 numbers, texts are UTF-8 after their length. The form is known to this process alone, and to no
//! file: it may change with any version.

use serde_json::{Map, Number, Value as Json};

use crate::domain::{Kind, Labels, Mac, Machine, Name, Params, Templates, Uuid};

/// The host name of a machine, of which most are named so.
mod hostname {
    pub(super) const NONE: u8 = 0;
    pub(super) const AS_NAME: u8 = 1;
    pub(super) const OTHER: u8 = 2;
}

/// The shapes of a parameter.
mod shape {
    pub(super) const NULL: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    pub(super) const UNSIGNED: u8 = 3;
    /// Below zero.
    pub(super) const SIGNED: u8 = 4;
    pub(super) const FLOAT: u8 = 5;
    pub(super) const TEXT: u8 = 6;
    pub(super) const LIST: u8 = 7;
    pub(super) const MAP: u8 = 8;
}

/// The machine in few bytes.
pub(super) fn pack(machine: &Machine) -> Vec<u8> {
    let mut to = Vec::with_capacity(256);
    put_text(&mut to, machine.name.as_str());
    put_text(&mut to, machine.image.as_ref().map_or("", Name::as_str));
    put_number(&mut to, machine.templates.len() as u64);
    for (kind, template) in &machine.templates {
        to.push(*kind as u8);
        put_text(&mut to, template.as_str());
    }
    put_number(&mut to, machine.macs.len() as u64);
    for mac in &machine.macs {
        put_bytes(&mut to, mac.as_bytes());
    }
    put_bytes(&mut to, machine.uuid.map(Uuid::to_u128).map(u128::to_be_bytes).as_ref().map_or(&[], |b| b));
    put_text(&mut to, machine.serial.as_deref().unwrap_or_default());
    match machine.hostname.as_deref() {
        None => to.push(hostname::NONE),
        Some(text) if text == machine.name.as_str() => to.push(hostname::AS_NAME),
        Some(text) => {
            to.push(hostname::OTHER);
            put_text(&mut to, text);
        }
    }
    put_number(&mut to, machine.labels.len() as u64);
    for (key, value) in &machine.labels {
        put_text(&mut to, key);
        put_text(&mut to, value);
    }
    put_number(&mut to, machine.params.len() as u64);
    for (key, value) in &machine.params {
        put_text(&mut to, key);
        put_json(&mut to, value);
    }
    to
}

fn put_number(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    put_number(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

fn put_text(to: &mut Vec<u8>, text: &str) {
    put_bytes(to, text.as_bytes());
}

fn put_json(to: &mut Vec<u8>, value: &Json) {
    match value {
        Json::Null => to.push(shape::NULL),
        Json::Bool(false) => to.push(shape::FALSE),
        Json::Bool(true) => to.push(shape::TRUE),
        Json::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => {
                to.push(shape::UNSIGNED);
                put_number(to, number);
            }
            (None, Some(number)) => {
                to.push(shape::SIGNED);
                put_number(to, number.unsigned_abs());
            }
            (None, None) => {
                to.push(shape::FLOAT);
                to.extend_from_slice(&number.as_f64().unwrap_or_default().to_le_bytes());
            }
        },
        Json::String(text) => {
            to.push(shape::TEXT);
            put_text(to, text);
        }
        Json::Array(items) => {
            to.push(shape::LIST);
            put_number(to, items.len() as u64);
            items.iter().for_each(|item| put_json(to, item));
        }
        Json::Object(map) => {
            to.push(shape::MAP);
            put_number(to, map.len() as u64);
            for (key, value) in map {
                put_text(to, key);
                put_json(to, value);
            }
        }
    }
}

/// Takes a machine out of its bytes again, piece by piece and in order. Each piece is `None` where the bytes are not those
/// of [`pack`].
#[derive(Clone, Copy)]
pub(super) struct Unpack<'a>(pub(super) &'a [u8]);

impl<'a> Unpack<'a> {
    /// The whole machine.
    pub(super) fn machine(mut self) -> Option<Machine> {
        let name: Name = self.text()?.parse().ok()?;
        let (image, templates) = (self.image()?, self.templates()?);
        let mut macs = Vec::new();
        for _ in 0..self.number()? {
            macs.push(Mac::from_bytes(self.bytes()?)?);
        }
        let uuid = match self.bytes()? {
            [] => None,
            bytes => Some(Uuid::from_u128(u128::from_be_bytes(bytes.try_into().ok()?))),
        };
        let serial = Some(self.text()?).filter(|serial| !serial.is_empty()).map(str::to_owned);
        let hostname = match self.byte()? {
            hostname::NONE => None,
            hostname::AS_NAME => Some(name.as_str().to_owned()),
            _ => Some(self.text()?.to_owned()),
        };
        let mut labels = Labels::new();
        for _ in 0..self.number()? {
            labels.insert(self.text()?.to_owned(), self.text()?.to_owned());
        }
        let mut params = Params::new();
        for _ in 0..self.number()? {
            params.insert(self.text()?.to_owned(), self.json()?);
        }
        Some(Machine { name, macs, uuid, serial, hostname, labels, params, image, templates })
    }

    /// The name, which comes first.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// The binding, after the name.
    pub(super) fn image(&mut self) -> Option<Option<Name>> {
        match self.text()? {
            "" => Some(None),
            image => Some(Some(image.parse().ok()?)),
        }
    }

    /// The templates, after the binding.
    pub(super) fn templates(&mut self) -> Option<Templates> {
        let mut templates = Templates::new();
        for _ in 0..self.number()? {
            let byte = self.byte()?;
            let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == byte)?;
            templates.insert(kind, self.text()?.parse().ok()?);
        }
        Some(templates)
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
    }

    /// A text, or anything else that has its length before it, as bytes.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn json(&mut self) -> Option<Json> {
        Some(match self.byte()? {
            shape::NULL => Json::Null,
            shape::FALSE => Json::Bool(false),
            shape::TRUE => Json::Bool(true),
            shape::UNSIGNED => self.number()?.into(),
            shape::SIGNED => 0i64.checked_sub_unsigned(self.number()?)?.into(),
            shape::FLOAT => {
                let (bytes, rest) = self.0.split_first_chunk()?;
                self.0 = rest;
                Json::Number(Number::from_f64(f64::from_le_bytes(*bytes))?)
            }
            shape::TEXT => self.text()?.into(),
            shape::LIST => {
                let length = self.number()?;
                (0..length).map(|_| self.json()).collect::<Option<Vec<_>>>()?.into()
            }
            shape::MAP => {
                let mut map = Map::new();
                for _ in 0..self.number()? {
                    map.insert(self.text()?.to_owned(), self.json()?);
                }
                map.into()
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn value() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            prop::num::f64::NORMAL.prop_map(Json::from),
            "\\PC{0,200}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map("[a-z]{0,3}", inner, 0..4)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    prop_compose! {
        fn machine()(
            name in "[a-z][a-z0-9.-]{0,150}",
            own_name in any::<bool>(),
            hostname in prop::option::of("[a-z]{1,140}"),
            macs in prop::collection::vec(prop::collection::vec(any::<u8>(), 6), 0..4),
            uuid in prop::option::of(any::<u128>()),
            serial in prop::option::of("\\PC{1,130}"),
            labels in prop::collection::btree_map("[a-z]{1,8}", "\\PC{0,20}", 0..4),
            params in prop::collection::btree_map("[a-z]{1,8}", value(), 0..4),
            image in prop::option::of("[a-z]{1,8}"),
            templates in prop::collection::btree_map(prop::sample::select(&Kind::ALL), "[a-z]{1,8}", 0..4),
        ) -> Machine {
            Machine {
                hostname: if own_name { Some(name.clone()) } else { hostname },
                name: name.parse().unwrap(),
                macs: macs.iter().map(|bytes| Mac::from_bytes(bytes).unwrap()).collect(),
                uuid: uuid.map(Uuid::from_u128),
                serial,
                labels,
                params,
                image: image.map(|name| name.parse().unwrap()),
                templates: templates.into_iter().map(|(kind, name)| (kind, name.parse().unwrap())).collect(),
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_packed_comes_out_again(machine in machine()) {
            let bytes = pack(&machine);
            let mut front = Unpack(&bytes);
            prop_assert_eq!(front.text(), Some(machine.name.as_str()));
            prop_assert_eq!(front.image(), Some(machine.image.clone()));
            prop_assert_eq!(front.templates(), Some(machine.templates.clone()));
            prop_assert_eq!(Unpack(&bytes).machine(), Some(machine));
            for end in 0..bytes.len() {
                prop_assert_eq!(Unpack(&bytes[..end]).machine(), None);
            }
        }
    }

    #[test]
    fn a_machine_as_sites_have_them_takes_few_bytes() {
        let machine: Machine = serde_json::from_value(json!({
            "name": "node-000001.example.org",
            "macs": ["52:54:00:12:34:56"],
            "uuid": "4c4c4544-0042-3510-8052-b4c04f4d3532",
            "serial": "CN0000001X",
            "hostname": "node-000001.example.org",
            "labels": { "rack": "r0042", "role": "worker" },
            "params": { "install_disk": "/dev/sda", "vlan": 117 },
        }))
        .unwrap();
        assert_eq!(pack(&machine).len(), 118);
    }
}
