//! Machines that asked and are not registered.

use std::collections::HashMap;

use crate::domain::{BootRecord, Discovered};
use crate::error::{Code, Error};
use crate::service::Service;

/// Machines that asked and are not registered, as far as memory has them.
#[derive(Default)]
pub(super) struct Discoveries {
    /// Since the start.
    all: HashMap<String, Discovered>,
    /// What the database was not told yet.
    untold: HashMap<String, Discovered>,
}

/// Machines that asked and are not registered.
#[derive(Debug)]
pub struct DiscoveredList {
    /// Those that asked last first.
    pub machines: Vec<Discovered>,
    /// Why the database was not asked, so that these are only those that asked this server since it started.
    pub memory_only: Option<String>,
}

impl Service {
    /// Machines that asked and are not registered, at most `limit`; only the one with this MAC, UUID or serial number unless
    /// that is empty.
    pub async fn list_discovered(&self, identity: &str, limit: usize) -> Result<DiscoveredList, Error> {
        let journal = self.kept_journal()?;
        let snapshot = self.snapshot()?;
        journal.drain();
        let most = journal.settings.discovered;
        let _untold = journal.telling.lock().await;
        let stored = match self.store("who asked earlier") {
            Ok(store) => store.discovered(most).await.map_err(Error::from),
            Err(away) => Err(away),
        };
        let (mut found, memory_only) = match stored {
            Ok(stored) => {
                let mut found: HashMap<String, Discovered> =
                    stored.into_iter().filter_map(|machine| Some((machine.key()?, machine))).collect();
                for (key, machine) in journal.kept().discoveries.untold() {
                    match found.remove(key) {
                        Some(known) => found.insert(key.clone(), known.with(machine.clone())),
                        None => found.insert(key.clone(), machine.clone()),
                    };
                }
                (found.into_values().collect::<Vec<_>>(), None)
            }
            Err(error) if error.code == Code::Unavailable => {
                let kept = journal.kept();
                (
                    kept.discoveries.all().map(|(_, machine)| machine.clone()).collect(),
                    Some(error.to_string()),
                )
            }
            Err(error) => return Err(error),
        };
        found.retain(|machine| {
            (identity.is_empty() || machine.is(identity))
                && snapshot.catalog.identify(&machine.identities()).next().is_none()
        });
        found.sort_by(|a, b| b.last.cmp(&a.last).then_with(|| a.key().cmp(&b.key())));
        found.truncate(most.min(limit));
        Ok(DiscoveredList { machines: found, memory_only })
    }
}

impl Discoveries {
    /// Takes in what a record tells, of at most `most` machines: the one that asked least recently makes room.
    pub(super) fn add(&mut self, record: &BootRecord, most: usize) {
        if record.machine.is_some() {
            return;
        }
        let Some((key, found)) = Discovered::of(record).and_then(|found| Some((found.key()?, found))) else {
            return;
        };
        add(&mut self.untold, key.clone(), found.clone(), most);
        add(&mut self.all, key, found, most);
    }

    /// All of them.
    fn all(&self) -> impl Iterator<Item = (&String, &Discovered)> {
        self.all.iter()
    }

    /// What the database was not told yet.
    fn untold(&self) -> impl Iterator<Item = (&String, &Discovered)> {
        self.untold.iter()
    }

    /// Some of what the database is to be told; it counts as told from here on.
    pub(super) fn take_untold(&mut self, most: usize) -> Vec<Discovered> {
        let keys: Vec<_> = self.untold.keys().take(most).cloned().collect();
        keys.into_iter().filter_map(|key| self.untold.remove(&key)).collect()
    }

    /// What could not be told after all.
    pub(super) fn give_back(&mut self, found: Vec<Discovered>, most: usize) {
        for found in found {
            if let Some(key) = found.key() {
                add(&mut self.untold, key, found, most);
            }
        }
    }
}

fn add(into: &mut HashMap<String, Discovered>, key: String, found: Discovered, most: usize) {
    if let Some(known) = into.remove(&key) {
        into.insert(key, known.with(found));
        return;
    }
    if into.len() >= most {
        // A tenth at a time, for looking through all of them takes long.
        let mut times: Vec<_> = into.values().map(|known| known.last).collect();
        let tenth = times.len() / 10;
        let oldest = *times.select_nth_unstable(tenth).1;
        into.retain(|_, known| known.last > oldest);
    }
    into.insert(key, found);
}
