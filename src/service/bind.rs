//! Binding a machine to an image by its MAC alone, as the first system did.

use std::sync::Arc;

use super::{Intent, Service, WriteOptions, Written};
use crate::domain::{Actor, Change, Mac, Machine, Name};
use crate::error::{Code, Error};

/// How often to try when somebody else changes the machine at the same moment.
const TRIES: usize = 5;

impl Service {
    /// Binds the machine with this MAC to an image. A machine that is not registered yet is, under its MAC as name.
    pub async fn register_machine_image(
        &self,
        actor: &Actor,
        mac: Mac,
        image: Name,
        options: &WriteOptions,
    ) -> Result<(Machine, Written), Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (machine, intent) = self.binding(mac, image.clone())?;
            match self.write(actor, intent, options).await {
                Err(error) if tries < TRIES && matches!(error.code, Code::Aborted | Code::AlreadyExists) => {}
                result => return result.map(|written| (machine, written)),
            }
        }
    }

    fn binding(&self, mac: Mac, image: Name) -> Result<(Machine, Intent), Error> {
        let snapshot = self.snapshot()?;
        let known = snapshot.catalog.machine_by_mac(mac).map(|machine| machine.name);
        let known = known.and_then(|name| snapshot.catalog.machines().get(name.as_str()));
        let (mut machine, base_revision) = match known {
            Some(entry) => (Arc::unwrap_or_clone(entry.value), Some(entry.revision)),
            None => {
                let name: Name =
                    mac.hyphenated().to_string().parse().map_err(|e| Error::invalid_field("mac", e))?;
                (Machine { macs: vec![mac], ..Machine::new(name) }, None)
            }
        };
        machine.image = Some(image);
        let intent = Intent { base_revision, ..Intent::new(Change::Machine(machine.clone())) };
        Ok((machine, intent))
    }
}
