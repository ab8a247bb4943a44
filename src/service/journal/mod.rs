//! The journal: what every machine was answered, for operators.
//!
//! The boot path only moves what it knows into a bounded queue. Everything else happens aside: hashing, keeping the newest
//! in memory, telling watchers, writing to the database in batches. What finds no place is dropped and counted; a boot
//! never waits.

mod collect;
mod discover;
mod kept;
mod read;
mod replay;
mod write;

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use crossbeam_queue::ArrayQueue;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::Service;
use crate::domain::{Asked, BootRecord, Facts, Name, Outcome, Replica, Timestamp};
use crate::error::{Code, Error};
use crate::telemetry::{Dropped, Metrics};

use discover::Discoveries;
use kept::Kept;

pub use discover::DiscoveredList;
pub use read::{BootPage, BootPageRequest, Watch, Watched};
pub use replay::{Replay, ReplayRequest, Replayed, Verdict};

/// Answers that may wait to be looked at. They wait for a twentieth of a second, so this is more than a server can answer.
const QUEUE: usize = 16_384;

/// Bytes of bodies that may wait to be hashed.
const QUEUE_BYTES: usize = 64 << 20;

/// Records that a watcher may lag behind before it misses some.
const LAG: usize = 4096;

/// How the journal is kept.
#[derive(Clone, Debug)]
pub struct JournalSettings {
    /// The newest records that are kept in memory.
    pub recent: usize,
    /// Records that may wait for the database.
    pub waiting: usize,
    /// How long the database keeps records.
    pub keep: Duration,
    /// The most records that the database keeps.
    pub max_rows: u64,
    /// The most machines that are listed as discovered.
    pub discovered: usize,
}

/// One answer, as the boot path knows it.
#[derive(Debug)]
pub struct Answered {
    /// When.
    pub at: Timestamp,
    /// What the request said.
    pub facts: Arc<Facts>,
    /// Where it came from.
    pub client: IpAddr,
    /// What was asked for.
    pub asked: Asked,
    /// How it was answered.
    pub outcome: Outcome,
    /// The registered machine.
    pub machine: Option<Name>,
    /// The rule that decided.
    pub rule: Option<Name>,
    /// The image.
    pub image: Option<Name>,
    /// The template, as `NAME@REVISION`.
    pub template: Option<Arc<str>>,
    /// The catalog revision that it was answered from.
    pub revision: u64,
    /// What was sent.
    pub body: Bytes,
    /// The token that the URLs in it have.
    pub token: Option<String>,
    /// The number under which the log has a failure.
    pub incident: Option<String>,
    /// Why there was no document.
    pub problem: Option<String>,
    /// How long it took.
    pub took: Duration,
    /// Where the machine reached the server.
    pub base_url: Arc<str>,
}

/// What every machine was answered.
pub struct Journal {
    queue: ArrayQueue<Box<Answered>>,
    queued_bytes: AtomicUsize,
    kept: Mutex<Kept>,
    /// Held while the database is told of what memory then forgets, so that a reader of both counts nothing twice or not
    /// at all.
    telling: tokio::sync::Mutex<()>,
    watchers: broadcast::Sender<Arc<BootRecord>>,
    /// Cancelled when nobody may watch any more.
    closing: CancellationToken,
    settings: JournalSettings,
    replica: Arc<Replica>,
    metrics: Arc<Metrics>,
}

impl Journal {
    /// An empty journal of the server that `replica` describes. `chance` is a number from 0 up to 1 that tells its records
    /// from those of others.
    pub fn new(settings: JournalSettings, replica: Replica, chance: f64, metrics: Arc<Metrics>) -> Self {
        Self {
            queue: ArrayQueue::new(QUEUE),
            queued_bytes: AtomicUsize::new(0),
            kept: Mutex::new(Kept::new(chance)),
            telling: tokio::sync::Mutex::new(()),
            watchers: broadcast::Sender::new(LAG),
            closing: CancellationToken::new(),
            settings,
            replica: Arc::new(replica),
            metrics,
        }
    }

    /// Notes an answer. Takes well under a microsecond, and never waits.
    pub fn record(&self, answered: Answered) {
        let bytes = answered.body.len();
        if self.queued_bytes.load(Ordering::Relaxed) + bytes > QUEUE_BYTES {
            self.metrics.journal.dropped(Dropped::Bytes, 1);
            return;
        }
        self.queued_bytes.fetch_add(bytes, Ordering::Relaxed);
        if self.queue.push(Box::new(answered)).is_err() {
            self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.metrics.journal.dropped(Dropped::QueueFull, 1);
        }
    }

    /// Lets go of all watchers.
    pub fn close(&self) {
        self.closing.cancel();
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// Keeps `journal` from now on. Only the first call counts.
    pub fn keep_journal(&self, journal: Journal) {
        let _ = self.inner.journal.set(journal);
    }

    /// The journal, where one is kept.
    pub fn journal(&self) -> Option<&Journal> {
        self.inner.journal.get()
    }

    /// The journal, or why there is none.
    fn kept_journal(&self) -> Result<&Journal, Error> {
        let off = || {
            Error::new(
                Code::FailedPrecondition,
                "this server keeps no journal: journal.enabled is false in its configuration",
            )
        };
        self.journal().ok_or_else(off)
    }
}
