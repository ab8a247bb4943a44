//! Reading the journal: what memory and the database have, as one.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::Journal;
use crate::domain::{BootFilter, BootId, BootRecord, Replica};
use crate::error::{Code, Error};
use crate::service::Service;

/// The size of a page where none is asked for.
const DEFAULT_PAGE: usize = 100;

/// The largest page.
const MAX_PAGE: usize = 1000;

/// Which page of the journal is asked for.
#[derive(Clone, Debug, Default)]
pub struct BootPageRequest {
    /// Which records.
    pub filter: BootFilter,
    /// At most this many; 0 for the default.
    pub size: u32,
    /// Only those before this one.
    pub before: Option<BootId>,
}

/// One page of the journal.
#[derive(Debug)]
pub struct BootPage {
    /// The newest first.
    pub records: Vec<Arc<BootRecord>>,
    /// Whether there are more.
    pub more: bool,
    /// Why the database was not asked, so that these are only those that this server has in memory.
    pub memory_only: Option<String>,
}

/// What a watcher gets.
#[derive(Debug)]
pub enum Watched {
    /// A machine was answered.
    Boot(Arc<BootRecord>),
    /// The watcher was too slow for this many records, wanted or not.
    Missed(u64),
}

/// Tells what this server answers from now on.
pub struct Watch {
    receiver: Receiver<Arc<BootRecord>>,
    closing: CancellationToken,
    filter: BootFilter,
    replica: Arc<Replica>,
}

impl Service {
    /// Answers to machines, the newest first, of all servers; while the database is away, of this one.
    pub async fn list_boots(&self, request: &BootPageRequest) -> Result<BootPage, Error> {
        let size = match request.size as usize {
            0 => DEFAULT_PAGE,
            size => size.min(MAX_PAGE),
        };
        let (filter, before) = (&request.filter, request.before);
        // One more, to know whether there are more. Memory first: what leaves it meanwhile is in the database by then.
        let mut found = self.kept_journal()?.recent(filter, before, size + 1);
        let mut memory_only = None;
        let stored = match self.store("what was answered earlier") {
            Ok(store) => store.boots(filter, before, size + 1).await.map_err(Error::from),
            Err(away) => Err(away),
        };
        match stored {
            Ok(stored) => found.extend(stored.into_iter().map(|record| (Reverse(record.id), record.into()))),
            Err(error) if error.code == Code::Unavailable => memory_only = Some(error.to_string()),
            Err(error) => return Err(error),
        }
        let more = found.len() > size;
        Ok(BootPage { records: found.into_values().take(size).collect(), more, memory_only })
    }

    /// One answer to a machine.
    pub async fn get_boot(&self, id: BootId) -> Result<Arc<BootRecord>, Error> {
        if let Some(found) = self.kept_journal()?.find(id) {
            return Ok(found);
        }
        let stored = self.store("what was answered earlier")?.boot(id).await?;
        let none = || Error::new(Code::NotFound, format!("the journal has no boot {id}; it may be too old"));
        stored.map(Arc::new).ok_or_else(none)
    }

    /// What this server answers from now on.
    pub fn watch_boots(&self, filter: BootFilter) -> Result<Watch, Error> {
        let journal = self.kept_journal()?;
        journal.drain();
        let replica = journal.replica.clone();
        Ok(Watch {
            receiver: journal.watchers.subscribe(),
            closing: journal.closing.clone(),
            filter,
            replica,
        })
    }
}

impl Watch {
    /// The name of the server that is watched.
    pub fn replica(&self) -> &str {
        &self.replica.name
    }

    /// The next one that is wanted; none when the server stops.
    pub async fn next(&mut self) -> Option<Watched> {
        loop {
            match self.closing.run_until_cancelled(self.receiver.recv()).await? {
                Ok(record) if self.filter.accepts(&record) => return Some(Watched::Boot(record)),
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => return Some(Watched::Missed(missed)),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

impl Journal {
    /// The newest of the records in memory that are wanted.
    fn recent(
        &self,
        filter: &BootFilter,
        before: Option<BootId>,
        limit: usize,
    ) -> BTreeMap<Reverse<BootId>, Arc<BootRecord>> {
        self.drain();
        let wanted = |record: &&Arc<BootRecord>| {
            before.is_none_or(|before| record.id < before) && filter.accepts(record)
        };
        let kept = self.kept();
        let mut found: BTreeMap<_, _> = kept
            .recent
            .iter()
            .chain(&kept.waiting)
            .filter(wanted)
            .map(|record| (Reverse(record.id), record.clone()))
            .collect();
        drop(kept);
        while found.len() > limit {
            found.pop_last();
        }
        found
    }

    fn find(&self, id: BootId) -> Option<Arc<BootRecord>> {
        self.drain();
        let kept = self.kept();
        kept.recent.iter().chain(&kept.waiting).rev().find(|record| record.id == id).cloned()
    }
}
