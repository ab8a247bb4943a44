//! Installations for which machines were armed: each begins with one boot, and then no other can begin it.
//!
//! A boot may not wait for the database. So this server remembers at once what began, and tells the catalog after that; from
//! there all others learn it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use tokio::sync::mpsc;
use tokio::time::{Duration, sleep};
use tokio_util::sync::CancellationToken;

use crate::boot::Armed;
use crate::domain::{ARMED, Actor, Change, Machine, Name};
use crate::error::{Code, Error};
use crate::service::{Intent, Service, WriteOptions};

/// Who the audit says it was.
const ACTOR: &str = "boot";

/// How long to wait before the catalog is told again.
const RETRY: Duration = Duration::from_secs(2);

/// What began on this server.
pub(super) struct Armings {
    begun: Mutex<HashMap<(Name, String), u64>>,
    news: mpsc::UnboundedSender<Begun>,
    heard: Mutex<Option<mpsc::UnboundedReceiver<Begun>>>,
}

/// An installation that began.
pub(super) struct Begun {
    machine: Name,
    id: String,
    boot: u64,
    client: IpAddr,
}

impl Default for Armings {
    fn default() -> Self {
        let (news, heard) = mpsc::unbounded_channel();
        Self { begun: Mutex::default(), news, heard: Mutex::new(Some(heard)) }
    }
}

impl Armings {
    /// Whether this boot may go on with the installation; the first that asks begins it. There are no more of these than
    /// operators arm, so nothing bounds them.
    pub(super) fn begin(&self, machine: &Machine, armed: Armed<'_>, boot: u64, client: IpAddr) -> bool {
        if let Some(known) = armed.boot {
            return known == text(boot);
        }
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_new = false;
        let by = *begun.entry((machine.name.clone(), armed.id.to_owned())).or_insert_with(|| {
            is_new = true;
            boot
        });
        if is_new {
            // Nobody hears it where the server has stopped by now.
            let _ = self.news.send(Begun {
                machine: machine.name.clone(),
                id: armed.id.to_owned(),
                boot,
                client,
            });
        }
        by == boot
    }

    /// Whether it began on this server.
    pub(super) fn has_begun(&self, machine: &Machine, armed: Armed<'_>) -> bool {
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        !begun.is_empty() && begun.contains_key(&(machine.name.clone(), armed.id.to_owned()))
    }
}

/// A boot as the catalog names it.
fn text(boot: u64) -> String {
    format!("{boot:016x}")
}

impl Service {
    /// Tells the catalog of installations that began, until `stop`.
    pub async fn run_armings(&self, stop: CancellationToken) {
        let heard =
            self.inner.boot_tokens.armings.heard.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut heard) = heard else { return };
        while let Some(Some(begun)) = stop.run_until_cancelled(heard.recv()).await {
            while let Err(error) = self.note_begun(&begun).await {
                tracing::warn!(machine = %begun.machine, %error, "that its installation began can not be noted; trying again");
                if stop.run_until_cancelled(sleep(RETRY)).await.is_none() {
                    return;
                }
            }
        }
    }

    async fn note_begun(&self, begun: &Begun) -> Result<(), Error> {
        let snapshot = self.snapshot()?;
        let Some(found) = snapshot.catalog.machines().get(begun.machine.as_str()) else { return Ok(()) };
        let boot = text(begun.boot);
        let armed = Armed::of(&found.value).filter(|armed| armed.id == begun.id && armed.boot.is_none());
        // Armed for something else by now, or not at all.
        let Some(armed) = armed else { return Ok(()) };
        let mut machine = (*found.value).clone();
        machine.params.insert(ARMED.to_owned(), armed.used(&boot).into());
        let intent = Intent {
            change: Change::Machine(machine),
            base_revision: Some(found.revision),
            must_exist: true,
        };
        let options = WriteOptions {
            message: format!("the installation began with boot {boot}"),
            // Nothing that a template reads changes.
            force: true,
            ..WriteOptions::default()
        };
        let actor = Actor { name: ACTOR.to_owned(), origin: begun.client.to_canonical().to_string() };
        match self.write(&actor, intent, &options).await {
            Ok(_) => Ok(()),
            // Somebody changed the machine meanwhile: look again.
            Err(error) if error.code == Code::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}
