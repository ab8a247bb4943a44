//! Which records of the journal are wanted.

use std::net::IpAddr;

use super::{Asked, BootRecord, Mac, Name, Outcome, Timestamp, Uuid};

/// Which records of the journal are wanted: those for which all that is given holds.
#[derive(Clone, Debug, Default)]
pub struct BootFilter {
    /// Of this registered machine.
    pub machine: Option<String>,
    /// Whose request said this MAC.
    pub mac: Option<Mac>,
    /// Whose request said this UUID.
    pub uuid: Option<Uuid>,
    /// Whose request said this serial number, in this spelling.
    pub serial: Option<String>,
    /// From this address.
    pub client: Option<IpAddr>,
    /// Asked for this.
    pub asked: Option<Asked>,
    /// Answered so.
    pub outcome: Option<Outcome>,
    /// Made by this template: `NAME`, or `NAME@REVISION`.
    pub template: Option<String>,
    /// Decided by this rule.
    pub rule: Option<String>,
    /// With this image.
    pub image: Option<String>,
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

impl BootFilter {
    /// Whether `record` is wanted.
    pub fn accepts(&self, record: &BootRecord) -> bool {
        fn is<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none_or(|wanted| found == Some(wanted))
        }
        fn is_text(wanted: Option<&String>, found: Option<&str>) -> bool {
            wanted.is_none_or(|wanted| found == Some(wanted.as_str()))
        }
        let facts = &record.facts;
        is_text(self.machine.as_ref(), record.machine.as_ref().map(Name::as_str))
            && is(self.mac.as_ref(), facts.mac.as_ref())
            && is(self.uuid.as_ref(), facts.uuid.as_ref())
            && is_text(self.serial.as_ref(), facts.serial.as_deref())
            && is(self.client.as_ref(), Some(&record.client))
            && is(self.asked.as_ref(), Some(&record.asked))
            && is(self.outcome.as_ref(), Some(&record.outcome))
            && is_text(self.rule.as_ref(), record.rule.as_ref().map(Name::as_str))
            && is_text(self.image.as_ref(), record.image.as_ref().map(Name::as_str))
            && self.since.is_none_or(|since| record.at >= since)
            && self.until.is_none_or(|until| record.at < until)
            && self.template.as_deref().is_none_or(|wanted| {
                let found = record.template.as_deref().unwrap_or_default();
                found == wanted || found.split_once('@').is_some_and(|(name, _)| name == wanted)
            })
    }
}
