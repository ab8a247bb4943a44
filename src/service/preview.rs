//! What machines would get, without the machines.

use super::filter::Filter;
use super::{Answer, Service, Snapshot};
use crate::boot::{Boot, Secrets, facts_of};
use crate::domain::{Attribute, Facts, Kind, Name, Noun};
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

/// Which documents of registered machines are asked for.
#[derive(Debug, Default)]
pub struct FleetRequest {
    /// Which machines.
    pub filter: Filter,
    /// Which kinds; empty for all.
    pub kinds: Vec<Kind>,
    /// The base of our URLs, where it is not the configured one.
    pub base_url: Option<String>,
    /// Whether documents have the params that are secret, and no masks in their place.
    pub show_secrets: bool,
}

/// One document of a fleet.
#[derive(Debug)]
pub struct FleetDocument {
    /// Whose.
    pub machine: Name,
    /// What it would be answered.
    pub answer: Answer,
    /// How many machines come before this one.
    pub done: usize,
    /// How many there are.
    pub total: usize,
}

impl Service {
    /// The document of `kind` that the target would get, rendered as the boot path does; from `source` where given. Params
    /// that are secret are masked unless they are to be shown.
    pub fn preview(
        &self,
        target: &Target,
        kind: Kind,
        source: Option<&str>,
        base_url: Option<&str>,
        show_secrets: bool,
    ) -> Result<Answer, Error> {
        let snapshot = self.snapshot()?;
        let facts = target.facts(&snapshot)?;
        let secrets = secrets(&snapshot, show_secrets);
        let server = self.server_at(base_url);
        let boot = Boot { secrets: secrets.as_ref(), ..self.boot(&snapshot, &server) };
        Ok(match source {
            Some(source) => boot.answer_from(facts, kind, source),
            None => boot.answer(&facts.into(), kind),
        })
    }

    /// Hands the documents of registered machines to `each`, by name, until it says `false`. It may take seconds: not for
    /// a thread that has machines to answer.
    pub fn preview_fleet(
        &self,
        request: &FleetRequest,
        mut each: impl FnMut(FleetDocument) -> bool,
    ) -> Result<(), Error> {
        request.filter.check::<crate::domain::Machine>()?;
        let snapshot = self.snapshot()?;
        let secrets = secrets(&snapshot, request.show_secrets);
        let server = self.server_at(request.base_url.as_deref());
        let boot = Boot { secrets: secrets.as_ref(), ..self.boot(&snapshot, &server) };
        let machines = snapshot.catalog.machines().iter().map(|entry| entry.value);
        let machines: Vec<_> = machines.filter(|machine| request.filter.accepts(&**machine)).collect();
        let wanted = |answer: &Answer| request.kinds.is_empty() || request.kinds.contains(&answer.kind);
        for (done, machine) in machines.iter().enumerate() {
            for answer in boot.documents(machine).answers.into_iter().filter(wanted) {
                let (machine, total) = (machine.name.clone(), machines.len());
                if !each(FleetDocument { machine, answer, done, total }) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Every candidate for the target in the order in which it is tried; with the facts as they were understood and
    /// the catalog revision that this holds for.
    pub fn explain(&self, target: &Target, show_secrets: bool) -> Result<(Facts, Explanation, u64), Error> {
        let snapshot = self.snapshot()?;
        let facts = target.facts(&snapshot)?;
        let mut explanation = explain(&snapshot.catalog, &facts);
        snapshot.add_defaults(&mut explanation);
        if let Some(secrets) = secrets(&snapshot, show_secrets) {
            for param in &mut explanation.params {
                param.value = secrets.shown(&param.key, std::mem::take(&mut param.value));
            }
        }
        Ok((facts, explanation, snapshot.catalog.revision()))
    }
}

fn secrets(snapshot: &Snapshot, show: bool) -> Option<Secrets> {
    (!show).then(|| Secrets::of(&[snapshot]))
}

impl Target {
    fn facts(&self, snapshot: &Snapshot) -> Result<Facts, Error> {
        let mut facts = Facts::default();
        if let Some(name) = &self.machine {
            let machine = snapshot.catalog.machines().get(name.as_str());
            let machine = machine.ok_or_else(|| snapshot.not_found(Noun::Machine, name))?;
            facts = facts_of(&machine.value);
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
