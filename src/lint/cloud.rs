//! cloud-init's documents (<https://docs.cloud-init.io/>): user-data and vendor-data, meta-data, network-config.

mod config;
mod network;

pub(super) use config::check as user_data;
pub(super) use network::check as network_config;

use super::finding::Finding;
use super::rule::rules;
use super::tree::Value;
use super::yaml;

rules! {
NO_HEADER = "CLC001" Error, "no header",
    "cloud-init knows user-data by its first line. Without `#cloud-config`, `#!` or another of its headers at byte 0 it ignores the document, with a warning in a log on the machine.",
    "Let the first line be `#cloud-config`.";
UNKNOWN_KEY = "CLC002" Warning, "unknown key",
    "cloud-init ignores keys that no module knows.",
    "Correct the key.";
MISTYPED = "CLC003" Error, "wrong type",
    "The module that reads it fails or skips it, and the machine comes up without it.",
    "Give a value of the right type.";
MISSING = "CLC004" Error, "missing key",
    "The module that reads the entry fails or skips it.",
    "Add the key.";
NO_MAP = "CLC005" Error, "not a map",
    "A cloud-config is a map of keys; cloud-init ignores anything else.",
    "Write `key: value` lines.";
PLAIN_MODE = "CLC006" Error, "a mode that is a number",
    "YAML reads 0644 as a number, and cloud-init wants the octal digits as a text.",
    "Quote it: permissions: '0644'.";
META_DATA = "MET001" Error, "meta-data is no map",
    "cloud-init finds no data source then, and none of the four documents counts.",
    "Write `instance-id: NAME`.";
INSTANCE_ID = "MET002" Warning, "no instance-id",
    "cloud-init knows by the instance-id whether this is the first boot of a machine. Without one all machines have the same.",
    "Write `instance-id: NAME`, with a name that stays the machine's.";
NETWORK_VERSION = "NET001" Error, "network version",
    "cloud-init reads versions 1 and 2 only, and falls back to DHCP on what it can not read.",
    "Write `version: 2`.";
NETWORK_KEY = "NET002" Warning, "unknown key",
    "Nobody reads the key, or netplan refuses the whole configuration for it.",
    "Correct the key.";
NETWORK_TYPE = "NET003" Error, "wrong type",
    "The configuration is refused, and the machine has no network.",
    "Give a value of the right type.";
NETWORK_MISSING = "NET004" Error, "missing key",
    "The configuration is refused, and the machine has no network.",
    "Add the key.";
}

/// Everything that is wrong with meta-data.
pub(super) fn meta_data(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(root) = yaml::parse(text, &mut found) else {
        if found.is_empty() {
            found.push(Finding::new(&INSTANCE_ID, 0..0, "the document is empty"));
        }
        return found;
    };
    if !matches!(root.value, Value::Map(_)) {
        found.push(Finding::new(&META_DATA, root.range.clone(), format!("the document is {}", root.what())));
    } else if root.get("instance-id").or(root.get("instance_id")).is_none() {
        let at = root.entries().first().map_or(0..0, |(key, _)| key.range.clone());
        found.push(Finding::new(&INSTANCE_ID, at, "there is no instance-id"));
    }
    found
}
