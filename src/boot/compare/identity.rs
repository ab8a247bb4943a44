//! What is a machine's own in its documents, so that two machines that differ in nothing else can be told to get the same.

use crate::domain::Machine;

/// The shortest text that is taken for an identity: a shorter one is found in the middle of other words.
const SHORTEST: usize = 3;

/// The names and addresses of a machine, in every spelling that documents have, the longest first.
pub(super) struct Identity(Vec<(String, &'static str)>);

impl Identity {
    pub(super) fn of(machine: &Machine) -> Self {
        let mut found = vec![(machine.name.to_string(), "‹name›")];
        found.extend(machine.hostname.iter().map(|hostname| (hostname.clone(), "‹hostname›")));
        found.extend(machine.serial.iter().map(|serial| (serial.clone(), "‹serial›")));
        found.extend(machine.uuid.iter().map(|uuid| (uuid.to_string(), "‹uuid›")));
        for mac in &machine.macs {
            let colons = mac.to_string();
            found.push((colons.replace(':', "%3A"), "‹mac›"));
            found.push((colons.replace(':', ""), "‹mac›"));
            found.push((mac.hyphenated().to_string(), "‹mac›"));
            found.push((colons, "‹mac›"));
        }
        found.retain(|(text, _)| text.len() >= SHORTEST);
        found.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        found.dedup_by(|(a, _), (b, _)| a == b);
        Self(found)
    }

    /// `text` with a mark in the place of each of them.
    pub(super) fn masked(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for (own, mark) in &self.0 {
            if masked.contains(own.as_str()) {
                masked = masked.replace(own.as_str(), mark);
            }
        }
        masked
    }
}
