//! Changes to the nouns: checked in memory against what they lead to, stored whole or not at all, visible at once.

use std::sync::Arc;
use std::time::Duration;

use super::gate::with_forced;
use super::stage::{Staged, check_fields};
use super::{Service, Snapshot, not_loaded};
use crate::boot::Secrets;
use crate::domain::{Actor, Change, Stamped};
use crate::error::{Code, Error};

/// The longest message of a change, in bytes.
const MAX_MESSAGE: usize = 4096;

/// The longest wait for the changes of others.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A change with what the caller believes.
#[derive(Clone, Debug)]
pub struct Intent {
    /// The change.
    pub change: Change,
    /// Refuse unless it was last changed at this catalog revision.
    pub base_revision: Option<u64>,
    /// Refuse unless it exists.
    pub must_exist: bool,
}

/// How to write.
#[derive(Clone, Debug, Default)]
pub struct WriteOptions {
    /// Check everything, write nothing.
    pub dry_run: bool,
    /// Why, for the history.
    pub message: String,
    /// Write although documents of registered machines can not be rendered then; needs a message.
    pub force: bool,
}

/// What a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing stood there before.
    Created,
    /// Something else stood there before.
    Updated,
    /// The same stood there already; nothing was written.
    Unchanged,
    /// What stood there is gone.
    Deleted,
}

/// The result of one change.
#[derive(Clone, Debug)]
pub struct Written {
    /// What it did.
    pub effect: Effect,
    /// The catalog revision after the write; the one it was checked against in a dry run.
    pub revision: u64,
    /// Worth reading, but no reason to refuse.
    pub warnings: Vec<String>,
    /// The fields that differ from before, for people.
    pub changed: Vec<String>,
}

impl Service {
    /// Makes one change.
    pub async fn write(
        &self,
        actor: &Actor,
        intent: Intent,
        options: &WriteOptions,
    ) -> Result<Written, Error> {
        let mut written = self.write_all(actor, vec![intent], options).await?;
        written.pop().ok_or_else(|| Error::new(Code::Internal, "the write has no result"))
    }

    /// Makes all of these changes, or none. Each may rely on the others: what counts is the catalog after all of them.
    pub async fn write_all(
        &self,
        actor: &Actor,
        intents: Vec<Intent>,
        options: &WriteOptions,
    ) -> Result<Vec<Written>, Error> {
        check_message(&options.message)?;
        check_fields(&intents)?;
        let service = self.clone();
        let (actor, options) = (actor.clone(), options.clone());
        // In a task of its own: a caller who hangs up must not stop it between the commit and the swap.
        let task = tokio::spawn(async move { service.transact(&actor, intents.into(), &options).await });
        task.await.map_err(|e| {
            Error::new(Code::Internal, "the write broke off; look whether it is there").caused_by(e)
        })?
    }

    async fn transact(
        &self,
        actor: &Actor,
        intents: Arc<[Intent]>,
        options: &WriteOptions,
    ) -> Result<Vec<Written>, Error> {
        self.store_for_writing()?;
        let turn = tokio::time::timeout(LONGEST_WAIT, self.inner.advancing.lock());
        let Ok(_advancing) = turn.await else {
            return Err(Error::new(
                Code::Unavailable,
                "nothing was changed: other changes took too long; try again",
            ));
        };
        // Again: whoever waited for a turn may have waited for one who found the database gone.
        let store = self.store_for_writing()?;
        let settings = &self.inner.settings;
        let now = self.now();
        let mut transaction = store.begin(actor, now).await?;
        // Under the lock of the transaction nobody else writes: what is checked here holds until the commit.
        let before = {
            let served = self.inner.snapshot.load_full().ok_or_else(not_loaded)?;
            let (stored, basis, missed) = transaction.missed(served.database.as_ref()).await?;
            let base = self.base(basis, &stored).with(&missed, settings.limits, now);
            Arc::new(Snapshot { database: Some(stored), ..base })
        };
        let staging = {
            let (service, before) = (self.clone(), before.clone());
            // Many changes take long, and machines must be answered meanwhile.
            tokio::task::spawn_blocking(move || service.stage(&before, &intents))
        };
        let staged = staging
            .await
            .map_err(|e| Error::new(Code::Internal, "the check of the changes broke off").caused_by(e))?;
        let Staged { effects, mut changes, mut next, mut warnings } = staged?;
        if changes.changes.is_empty() {
            transaction.rollback().await?;
            return Ok(written(effects, before.catalog.revision(), Vec::new()));
        }
        let forced = self.gate(&before, &next, &changes, options.force).await?;
        let message = with_forced(&options.message, &forced)?;
        warnings.extend(forced);
        transaction.hide(Secrets::of(&[&before, &next]).names().clone());
        let mut renumbered = false;
        for stamped in &mut changes.changes {
            let stored = transaction.put(&stamped.change, &message).await?;
            renumbered |= stored != *stamped;
            *stamped = stored;
        }
        if renumbered {
            // A template goes on counting where one of its name had ended that was deleted.
            next = Arc::new(before.with(&changes, settings.limits, now));
        }
        if options.dry_run {
            transaction.rollback().await?;
            return Ok(written(effects, before.catalog.revision(), warnings));
        }
        let committed = transaction.next().clone();
        let revision = transaction.commit().await?;
        self.publish(Arc::new(Snapshot { database: Some(committed), ..(*next).clone() }));
        for Stamped { change, .. } in &changes.changes {
            tracing::info!(actor = %actor, noun = %change.noun(), name = %change.name(), revision, "changed");
        }
        Ok(written(effects, revision, warnings))
    }
}

/// The result of each change; the warnings go with the first one.
pub(super) fn written(
    effects: Vec<(Effect, Vec<String>)>,
    revision: u64,
    mut warnings: Vec<String>,
) -> Vec<Written> {
    let result =
        |(effect, changed)| Written { effect, revision, warnings: std::mem::take(&mut warnings), changed };
    effects.into_iter().map(result).collect()
}

fn check_message(message: &str) -> Result<(), Error> {
    if message.len() > MAX_MESSAGE {
        let problem = format!("has {} bytes; at most {MAX_MESSAGE} are kept", message.len());
        return Err(Error::invalid_field("message", problem));
    }
    match message.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        Some(c) => {
            Err(Error::invalid_field("message", format!("contains the control character {c:?}; remove it")))
        }
        None => Ok(()),
    }
}

impl Intent {
    /// Makes `change` whatever stands there.
    pub fn new(change: Change) -> Self {
        Self { change, base_revision: None, must_exist: false }
    }
}
