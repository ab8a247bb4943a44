//! The machines of a room: everything about a machine follows from its number.

use serde_json::{Value, json};

const MACHINES_IN_RACK: u32 = 40;
const RACKS_IN_ROW: u32 = 20;

/// Manufacturers and products as machines say them, with the characters that iPXE encodes.
const MODELS: [(&str, &str); 4] = [
    ("Dell%20Inc.", "PowerEdge%20R640"),
    ("Supermicro", "SYS-1029P-WTR"),
    ("HPE", "ProLiant%20DL360%20Gen10"),
    ("Lenovo", "ThinkSystem%20SR630%20-%5B7X02CTO1WW%5D-"),
];

/// The most machines that a room can have: their numbers fill three bytes of their addresses.
pub(crate) const MOST: u32 = 1 << 23;

/// A machine by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Machine(pub(crate) u32);

/// What only this machine has, and its documents may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Own {
    /// The MAC with colons.
    MacColons,
    /// The MAC with hyphens.
    MacHyphens,
    /// The UUID.
    Uuid,
    /// The serial number.
    Serial,
    /// The name and the host name, both without the domain.
    Name,
    /// The manufacturer and product as parameters of a query.
    Model,
}

impl Own {
    /// Every one of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::MacColons, Self::MacHyphens, Self::Uuid, Self::Serial, Self::Name, Self::Model];
}

impl Machine {
    /// Appends what only this machine has.
    pub(crate) fn push(self, own: Own, to: &mut Vec<u8>) {
        match own {
            Own::MacColons => self.push_mac(b':', to),
            Own::MacHyphens => self.push_mac(b'-', to),
            Own::Uuid => {
                to.extend_from_slice(b"4c4c4544-0042-3510-8052-b4c04f");
                push_hex(self.0, 6, to);
            }
            Own::Serial => {
                to.extend_from_slice(b"CN");
                push_decimal(self.0, 8, to);
                to.push(b'X');
            }
            Own::Name => {
                to.extend_from_slice(b"node-");
                push_decimal(self.0, 7, to);
            }
            Own::Model => {
                let (manufacturer, product) = MODELS[self.0 as usize % MODELS.len()];
                for part in ["manufacturer=", manufacturer, "&product=", product] {
                    to.extend_from_slice(part.as_bytes());
                }
            }
        }
    }

    /// The same as text.
    pub(crate) fn text(self, own: Own) -> String {
        let mut bytes = Vec::new();
        self.push(own, &mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Appends the facts as iPXE writes them into the query of `/ipxe`.
    pub(crate) fn push_query(self, to: &mut Vec<u8>) {
        to.extend_from_slice(b"uuid=");
        self.push(Own::Uuid, to);
        to.extend_from_slice(b"&mac=");
        self.push(Own::MacHyphens, to);
        to.extend_from_slice(b"&domain=example.org&hostname=");
        self.push(Own::Name, to);
        to.extend_from_slice(b"&serial=");
        self.push(Own::Serial, to);
        to.extend_from_slice(b"&asset=&");
        self.push(Own::Model, to);
        to.extend_from_slice(b"&arch=x86_64&platform=efi");
    }

    /// Appends the facts as our scripts write them into the URLs of further documents.
    pub(crate) fn push_facts(self, to: &mut Vec<u8>) {
        to.extend_from_slice(b"mac=");
        self.push(Own::MacHyphens, to);
        to.extend_from_slice(b"&uuid=");
        self.push(Own::Uuid, to);
        to.extend_from_slice(b"&serial=");
        self.push(Own::Serial, to);
        to.extend_from_slice(b"&domain=example.org&hostname=");
        self.push(Own::Name, to);
        to.push(b'&');
        self.push(Own::Model, to);
        to.extend_from_slice(b"&arch=x86_64&platform=efi");
    }

    fn push_mac(self, separator: u8, to: &mut Vec<u8>) {
        let s = separator;
        to.extend_from_slice(&[b'5', b'2', s, b'5', b'4', s, b'0', b'0']);
        for byte in [self.0 >> 16, self.0 >> 8, self.0] {
            to.push(s);
            push_hex(byte & 255, 2, to);
        }
    }

    /// What a site registers of it: bound to no image, so that the rules decide, with labels and params as sites have them.
    pub(crate) fn registered(self) -> Value {
        let rack = self.0 / MACHINES_IN_RACK;
        let second = Self(self.0 + MOST);
        let hostname = format!("{}.example.org", self.text(Own::Name));
        json!({
            "name": hostname,
            "macs": [self.text(Own::MacColons), second.text(Own::MacColons)],
            "uuid": self.text(Own::Uuid),
            "serial": self.text(Own::Serial),
            "hostname": hostname,
            "labels": {
                "environment": if self.0.is_multiple_of(5) { "staging" } else { "production" },
                "rack": format!("r{rack:05}"),
                "role": "worker",
                "row": format!("row-{}", rack / RACKS_IN_ROW),
            },
            "params": {
                "args": ["console=ttyS1,115200n8", format!("bond={}", self.text(Own::MacColons))],
                "install_disk": "/dev/disk/by-path/pci-0000:00:17.0-ata-1",
                "vlan": 100 + rack % 16,
            },
        })
    }
}

fn push_hex(value: u32, digits: u32, to: &mut Vec<u8>) {
    let digit = |place: u32| b"0123456789abcdef"[(value >> (4 * place) & 15) as usize];
    to.extend((0..digits).rev().map(digit));
}

fn push_decimal(value: u32, digits: u32, to: &mut Vec<u8>) {
    let digit = |place: u32| b'0' + u8::try_from(value / 10_u32.pow(place) % 10).unwrap_or_default();
    to.extend((0..digits).rev().map(digit));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_ipxe_says() {
        let mut query = Vec::new();
        Machine(0x01_02_03).push_query(&mut query);
        assert_eq!(
            String::from_utf8(query).unwrap(),
            "uuid=4c4c4544-0042-3510-8052-b4c04f010203&mac=52-54-00-01-02-03&domain=example.org\
             &hostname=node-0066051&serial=CN00066051X&asset=&manufacturer=Lenovo\
             &product=ThinkSystem%20SR630%20-%5B7X02CTO1WW%5D-&arch=x86_64&platform=efi"
        );
    }

    #[test]
    fn the_last_machine_can_be_registered_too() {
        let machine = Machine(MOST - 1).registered();
        assert_eq!(machine["name"], "node-8388607.example.org");
        assert_eq!(machine["macs"], json!(["52:54:00:7f:ff:ff", "52:54:00:ff:ff:ff"]));
    }
}
