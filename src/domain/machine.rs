//! A registered computer.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::facts::is_placeholder_serial;
use super::labels::check_labels;
use super::protect::check_protect;
use super::violation::{check_keys, check_text};
use super::{Labels, MAX_FACT_BYTES, Mac, Name, Params, Templates, Uuid, Violation};

/// A registered computer, known by its MACs, its UUID or its serial number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Its name.
    pub name: Name,
    /// The addresses of its interfaces; no other machine has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub macs: Vec<Mac>,
    /// The SMBIOS UUID; no other machine has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<Uuid>,
    /// The SMBIOS serial number; no other machine has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The host name that its documents give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// What selectors can ask for as `label.KEY`.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// The highest layer of parameters.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub params: Params,
    /// The binding: the image that it boots, whatever the rules say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Name>,
    /// Templates that win over those of its rule and image.
    #[serde(default, skip_serializing_if = "Templates::is_empty")]
    pub templates: Templates,
}

impl Machine {
    /// A machine of this name of which nothing else is known.
    pub fn new(name: Name) -> Self {
        Self {
            name,
            macs: Vec::new(),
            uuid: None,
            serial: None,
            hostname: None,
            labels: Labels::new(),
            params: Params::new(),
            image: None,
            templates: Templates::new(),
        }
    }

    /// What an operator must mend before this machine can be stored.
    pub fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.macs.is_empty() && self.uuid.is_none() && self.serial.is_none() {
            found.push(Violation::new(
                "macs",
                "is empty; give a MAC, a UUID or a serial number to know the machine by",
            ));
        }
        let mut seen = BTreeSet::new();
        for (i, mac) in self.macs.iter().enumerate() {
            if !mac.is_of_one_interface() {
                found.push(Violation::new(
                    format!("macs[{i}]"),
                    format!("{mac} is all zero or a group address, which no interface has; leave it out"),
                ));
            }
            if !seen.insert(mac) {
                found.push(Violation::new(format!("macs[{i}]"), format!("{mac} is given twice")));
            }
        }
        if let Some(uuid) = self.uuid.filter(Uuid::is_placeholder) {
            found.push(Violation::new(
                "uuid",
                format!("{uuid} is a placeholder that many machines share; leave it out and use a MAC or serial number"),
            ));
        }
        if let Some(serial) = &self.serial {
            check_text("serial", serial, MAX_FACT_BYTES, &mut found);
            if is_placeholder_serial(serial) {
                found.push(Violation::new(
                    "serial",
                    format!("{serial:?} is a placeholder that many machines share; leave it out and use a MAC or UUID"),
                ));
            }
        }
        if let Some(hostname) = self.hostname.as_deref().filter(|hostname| !is_hostname(hostname)) {
            found.push(Violation::new(
                "hostname",
                format!("{hostname:?} is no host name; use letters, digits and -, in parts of up to 63 joined by dots"),
            ));
        }
        check_labels(&self.labels, &mut found);
        check_keys("params", self.params.keys(), &mut found);
        check_protect(&self.params, &mut found);
        found
    }
}

/// RFC 1123, section 2.1.
fn is_hostname(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|part| {
            (1..=63).contains(&part.len())
                && !part.starts_with('-')
                && !part.ends_with('-')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}
