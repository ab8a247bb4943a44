//! What a registered machine would be answered, without its asking.

use std::sync::Arc;

use super::{Answer, Boot, Outcome};
use crate::domain::{Attribute, Facts, Image, Kind, Machine};
use crate::resolve::{Resolution, resolve};

/// Everything that one machine would be answered.
#[derive(Debug)]
pub struct Documents {
    /// What it boots, and why.
    pub resolution: Resolution,
    /// The answer for each kind of document that it has a template of, and always for its script.
    pub answers: Vec<Answer>,
}

/// What the request of a registered machine is known to say: its first MAC, its UUID and its serial number.
pub fn facts_of(machine: &Machine) -> Facts {
    Facts {
        mac: machine.macs.first().copied(),
        uuid: machine.uuid,
        serial: machine.serial.clone(),
        ..Facts::default()
    }
}

impl Boot<'_> {
    /// What a registered machine boots, as far as that does not depend on what only its request tells.
    pub fn resolution_of(&self, machine: &Machine) -> Resolution {
        resolve(&self.snapshot.catalog, &facts_of(machine))
    }

    /// Every document of a registered machine.
    pub fn documents(&self, machine: &Machine) -> Documents {
        let resolution = self.resolution_of(machine);
        let facts = Arc::new(facts_of(machine));
        let has = |kind: &Kind| {
            *kind == Kind::Ipxe
                || (resolution.missing_image.is_none() && resolution.template(*kind).is_some())
        };
        let kinds = Kind::ALL.into_iter().filter(has);
        let answers = kinds.map(|kind| self.document(&resolution, &facts, kind)).collect();
        Documents { resolution, answers }
    }

    /// One document. A template may well read what only a request tells, such as the product: where it fails for want of
    /// that, it is tried again with what such a machine could say.
    fn document(&self, resolution: &Resolution, facts: &Arc<Facts>, kind: Kind) -> Answer {
        let answer = self.answer_resolved(resolution, facts, kind);
        let wants_request = |variable: &str| {
            let fact = variable.strip_prefix("facts.").or_else(|| variable.strip_prefix("machine."));
            fact.is_some_and(|fact| fact.parse::<Attribute>().is_ok())
        };
        if answer.outcome != Outcome::Failed || !answer.variable.as_deref().is_some_and(wants_request) {
            return answer;
        }
        let plausible = plausible(facts, resolution.machine.as_deref(), resolution.image.as_deref());
        Answer { assumed: true, ..self.answer_resolved(resolution, &plausible.into(), kind) }
    }
}

/// `facts`, and made-up values for whatever they do not say.
fn plausible(facts: &Facts, machine: Option<&Machine>, image: Option<&Image>) -> Facts {
    let mut all = facts.clone();
    let hostname = machine.and_then(|machine| machine.hostname.as_deref());
    let arch = image.and_then(|image| image.arch.as_deref());
    for (attribute, value) in [
        (Attribute::Uuid, "4c4c4544-0000-2010-8020-80c04f202020"),
        (Attribute::Serial, "SERIAL"),
        (Attribute::Asset, "ASSET"),
        (Attribute::Hostname, hostname.unwrap_or("host")),
        (Attribute::Domain, "example.org"),
        (Attribute::Manufacturer, "MANUFACTURER"),
        (Attribute::Product, "PRODUCT"),
        (Attribute::Arch, arch.unwrap_or("x86_64")),
        (Attribute::Platform, "efi"),
        (Attribute::Ip, "192.0.2.1"),
    ] {
        if all.get(attribute).is_none() {
            // A registered host name is a valid fact, and so is everything else here.
            let _ = all.set(attribute, value);
        }
    }
    all
}
