//! What a machine would get, without the machine.

use super::{Answer, Outcome, Service, Snapshot};
use crate::domain::{Attribute, Facts, Kind, Noun};
use crate::error::Error;
use crate::resolve::{Explanation, explain};

/// Whose boot is asked about.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The name of a registered machine.
    pub machine: Option<String>,
    /// What its request would say; this wins over what is registered.
    pub facts: Vec<(String, String)>,
}

impl Service {
    /// The document of `kind` that the target would get, rendered as the boot path does; from `source` where given.
    pub fn preview(
        &self,
        target: &Target,
        kind: Kind,
        source: Option<&str>,
        base_url: Option<&str>,
    ) -> Result<Answer, Error> {
        let snapshot = self.snapshot()?;
        let facts = target.facts(&snapshot)?;
        let base_url = base_url.unwrap_or(&self.inner.settings.base_url);
        Ok(self.answer_from(&snapshot, facts, kind, base_url, source))
    }

    /// Every candidate for the target in the order in which it is tried; with the facts as they were understood and
    /// the catalog revision that this holds for.
    pub fn explain(&self, target: &Target) -> Result<(Facts, Explanation, u64), Error> {
        let snapshot = self.snapshot()?;
        let facts = target.facts(&snapshot)?;
        let mut explanation = explain(&snapshot.catalog, &facts);
        snapshot.add_defaults(&mut explanation);
        Ok((facts, explanation, snapshot.catalog.revision()))
    }
}

impl Target {
    fn facts(&self, snapshot: &Snapshot) -> Result<Facts, Error> {
        let mut facts = Facts::default();
        if let Some(name) = &self.machine {
            let machine = snapshot.catalog.machines().get(name.as_str());
            let machine = &machine.ok_or_else(|| snapshot.not_found(Noun::Machine, name))?.value;
            facts.mac = machine.macs.first().copied();
            facts.uuid = machine.uuid;
            facts.serial = machine.serial.clone();
        }
        for (key, value) in &self.facts {
            let field = format!("target.facts.{key}");
            let attribute: Attribute = key.parse().map_err(|()| {
                let known: Vec<_> = Attribute::ALL.iter().map(|attribute| attribute.as_str()).collect();
                Error::invalid_field(&field, format!("{key:?} is no fact; use one of {}", known.join(", ")))
            })?;
            // The error names the fact.
            facts.set(attribute, value).map_err(|e| Error::invalid_field("target.facts", e))?;
        }
        Ok(facts)
    }
}

impl Answer {
    /// Whether the machine gets the document that was asked for.
    pub fn is_rendered(&self) -> bool {
        self.outcome == Outcome::Rendered
    }
}
