//! What somebody says of a machine beside what it is: that it is accepted, and that it may be installed once.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Intent, Service, WriteOptions, Written};
use crate::domain::{ACCEPTED, ARMED, Actor, Change};
use crate::error::{Code, Error};

/// How often to try when somebody else changes the machine at the same moment.
const TRIES: usize = 5;

impl Service {
    /// Accepts a machine: documents that ask for that are given to it from now on. Or takes that back.
    pub async fn accept_machine(
        &self,
        actor: &Actor,
        name: &str,
        accepted: bool,
        options: &WriteOptions,
    ) -> Result<Written, Error> {
        self.set_state(actor, name, ACCEPTED, &json!(accepted), options).await
    }

    /// Arms a machine for one installation: the next boot that asks for a protected document begins it. Or takes that back.
    pub async fn arm_machine(
        &self,
        actor: &Actor,
        name: &str,
        armed: bool,
        options: &WriteOptions,
    ) -> Result<Written, Error> {
        // The time tells this installation from all others of the machine.
        let id = if armed { self.now().0.to_string() } else { String::new() };
        self.set_state(actor, name, ARMED, &json!(id), options).await
    }

    async fn set_state(
        &self,
        actor: &Actor,
        name: &str,
        state: &str,
        value: &Value,
        options: &WriteOptions,
    ) -> Result<Written, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            let found = self.get_machine(name)?;
            let mut machine = Arc::unwrap_or_clone(found.value);
            machine.params.insert(state.to_owned(), value.clone());
            let change = Change::Machine(machine);
            let intent = Intent { change, base_revision: Some(found.revision), must_exist: true };
            match self.write(actor, intent, options).await {
                Err(error) if tries < TRIES && error.code == Code::Aborted => {}
                result => return result,
            }
        }
    }
}
