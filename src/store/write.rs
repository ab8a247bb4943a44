//! One write: a transaction that nobody else's can overlap.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{DatabaseConnection, DatabaseTransaction};
use tokio::sync::OwnedSemaphorePermit;

use super::audit::ChainEnd;
use super::basis::Basis;
use super::error::within;
use super::file::DatabaseFile;
use super::{StoreError, audit, changes, connect, history, images, machines, revision, rules, templates};
use crate::domain::{Actor, Change, Changes, Stamped, State, Template, Timestamp};

/// A write that was begun and not yet committed. To drop it is to roll it back.
pub struct Write {
    // Before the turn, so that it is the first to be dropped.
    tx: DatabaseTransaction,
    _turn: OwnedSemaphorePermit,
    file: Option<Arc<DatabaseFile>>,
    timeout: Duration,
    actor: Actor,
    at: Timestamp,
    /// What is committed now.
    current: State,
    /// What this write makes of it.
    next: State,
    /// The end of the audit's chain, once something was put.
    chain: Option<ChainEnd>,
    /// The names of the params that are secret.
    secrets: BTreeSet<String>,
    progress: Progress,
}

#[derive(Clone, Copy, PartialEq)]
enum Progress {
    /// Nothing was put.
    Empty,
    /// All that was put is there as a whole.
    Whole,
    /// Something is perhaps half there.
    Torn,
}

impl Write {
    pub(super) async fn begin(
        connection: &DatabaseConnection,
        turn: OwnedSemaphorePermit,
        file: Option<Arc<DatabaseFile>>,
        timeout: Duration,
        actor: Actor,
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let lock = async {
            let tx = connect::begin_write(connection).await?;
            let (current, next) = revision::lock(&tx).await?;
            Ok((tx, current, next))
        };
        let (tx, current, next) = within(timeout, lock).await?;
        Ok(Self {
            tx,
            _turn: turn,
            file,
            timeout,
            actor,
            at,
            current,
            next,
            chain: None,
            secrets: BTreeSet::new(),
            progress: Progress::Empty,
        })
    }

    /// The catalog revision that [`commit`](Self::commit) will make.
    pub fn revision(&self) -> u64 {
        self.next.revision
    }

    /// The state of the database that [`commit`](Self::commit) will make.
    pub fn next(&self) -> &State {
        &self.next
    }

    /// The state that this write began with, and what changed to that after what a reader knows; all there is, if what it
    /// knows is not an earlier state of this database.
    ///
    /// # Errors
    /// As [`Store::read`](super::Store::read).
    pub async fn missed(&mut self, known: Option<&State>) -> Result<(State, Basis, Changes), StoreError> {
        let basis = within(self.timeout, Basis::of(known, &self.current, &self.tx)).await?;
        let changes = self.changes_since(basis.revision(known)).await?;
        Ok((self.current.clone(), basis, changes))
    }

    /// What others committed after `revision`, up to the revision before this one. Nothing can be added to it
    /// before this write ends, and what this write itself put may be among it.
    ///
    /// # Errors
    /// As [`Store::changes_since`](super::Store::changes_since).
    pub async fn changes_since(&mut self, revision: u64) -> Result<Changes, StoreError> {
        changes::since(&self.tx, revision, self.timeout).await
    }

    /// Says which params are secret, so that the audit does not show what is put from now on.
    pub fn hide(&mut self, secrets: BTreeSet<String>) {
        self.secrets = secrets;
    }

    /// Makes `change`, and notes it in the audit with `message`. A template becomes the next revision of its name, unless
    /// only its labels differ; what is returned has its number as the head.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] and [`StoreError::Absent`] leave the write as it was before. After any other error
    /// it can only be rolled back.
    pub async fn put(&mut self, change: &Change, message: &str) -> Result<Stamped, StoreError> {
        if self.progress == Progress::Torn {
            return Err(StoreError::Broken);
        }
        // Also if this future is dropped on the way.
        let before = std::mem::replace(&mut self.progress, Progress::Torn);
        let timeout = self.timeout;
        let result = within(timeout, self.make(change, message)).await;
        self.progress = match &result {
            Ok(_) => Progress::Whole,
            Err(StoreError::Conflict { .. } | StoreError::Absent { .. }) => before,
            Err(_) => Progress::Torn,
        };
        result
    }

    /// Ends the write. When this returns the new catalog revision, the change is on disk and others see it. A write
    /// that put nothing makes no revision, and returns the current one.
    ///
    /// # Errors
    /// [`StoreError::CommitUnknown`] if it may have happened; after any other error nothing was changed.
    pub async fn commit(self) -> Result<u64, StoreError> {
        match self.progress {
            Progress::Empty => {
                let current = self.current.revision;
                self.rollback().await?;
                Ok(current)
            }
            Progress::Torn => Err(StoreError::Broken),
            Progress::Whole => {
                let revision = self.revision();
                within(self.timeout, revision::write(&self.tx, &self.next)).await?;
                self.file.as_ref().map_or(Ok(()), |file| file.check())?;
                match tokio::time::timeout(self.timeout, self.tx.commit()).await {
                    Ok(result) => result.map_err(StoreError::of_commit)?,
                    Err(_) => return Err(StoreError::CommitUnknown { source: None }),
                }
                Ok(revision)
            }
        }
    }

    /// Ends the write as if it had never been.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the connection broke, in which case the database rolls back by itself.
    pub async fn rollback(self) -> Result<(), StoreError> {
        let Self { tx, timeout, .. } = self;
        within(timeout, async { Ok(tx.rollback().await?) }).await
    }

    async fn make(&mut self, change: &Change, message: &str) -> Result<Stamped, StoreError> {
        let (tx, revision) = (&self.tx, self.revision());
        let before = changes::find(tx, change.noun(), change.name(), self.timeout).await?;
        let after = match change {
            Change::Image(image) => {
                images::save(tx, image, revision).await?;
                change.clone()
            }
            Change::Rule(rule) => {
                rules::save(tx, rule, revision).await?;
                change.clone()
            }
            Change::Machine(machine) => {
                machines::check_unique(tx, machine).await?;
                machines::save(tx, machine, revision).await?;
                change.clone()
            }
            Change::Template(template) => {
                let saved = match &before {
                    Some(Change::Template(old)) if is_relabelled(old, template) => {
                        Template { head: old.head, ..template.clone() }
                    }
                    _ => history::append(tx, template, &self.actor.name, message, self.at).await?,
                };
                templates::save(tx, &saved, revision).await?;
                Change::Template(saved)
            }
            Change::Delete(noun, name) => {
                if before.is_none() {
                    return Err(StoreError::Absent { noun: *noun, name: name.clone() });
                }
                if let Some(Change::Machine(machine)) = &before {
                    machines::release(tx, &machine.name).await?;
                }
                changes::bury(tx, *noun, name, revision).await?;
                change.clone()
            }
        };
        let (at, actor, secrets) = (self.at, &self.actor, &self.secrets);
        let entry =
            audit::Entry { revision, at, actor, before: before.as_ref(), after: &after, message, secrets };
        let chain = match &mut self.chain {
            Some(chain) => chain,
            none => none.insert(ChainEnd::read(tx).await?),
        };
        audit::append(tx, entry, chain).await?;
        Ok(Stamped { revision, change: after })
    }
}

/// Whether labels are all that differs. A source that is saved again is a revision again: somebody meant to.
fn is_relabelled(old: &Template, new: &Template) -> bool {
    old.labels != new.labels && old.is_same_document(new)
}
