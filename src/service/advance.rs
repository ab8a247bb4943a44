//! Makes the next snapshot of what was read, beside the threads that answer machines.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Service, Snapshot};
use crate::domain::{Changes, Stamped, State};
use crate::error::{Code, Error};
use crate::store::{Basis, Reading};

/// How many pieces may wait to be indexed while the next ones are read.
const WAITING: usize = 2;

impl Service {
    /// What the read leads to from what is served.
    pub(super) async fn advance(&self, reading: Reading) -> Result<Arc<Snapshot>, Error> {
        let state = reading.state.clone();
        let base = self.base(reading.basis, &state);
        let (sender, mut pieces) = mpsc::channel::<Vec<Stamped>>(WAITING);
        let (limits, now, revision) = (self.inner.settings.limits, self.now(), state.revision);
        let built = tokio::task::spawn_blocking(move || {
            let mut next = Arc::unwrap_or_clone(base);
            while let Some(changes) = pieces.blocking_recv() {
                next.apply(&Changes { revision, changes }, limits, now);
            }
            // Where there was nothing to lay upon it, it is of the new revision all the same.
            next.apply(&Changes { revision, changes: Vec::new() }, limits, now);
            next
        });
        reading.give(sender).await?;
        let built = built.await;
        let next =
            built.map_err(|e| Error::new(Code::Internal, "the catalog could not be indexed").caused_by(e))?;
        Ok(Arc::new(Snapshot { database: Some(state), ..next }))
    }

    /// What changes are laid upon to reach the stored state: what is served, or nothing where that is not known to be an
    /// earlier state of the same database.
    pub(super) fn base(&self, basis: Basis, stored: &State) -> Arc<Snapshot> {
        let served = self.inner.snapshot.load_full();
        let (revision, stored) =
            (served.as_ref().map_or(0, |served| served.catalog.revision()), stored.revision);
        match (basis, served) {
            (Basis::Known, Some(served)) => return served,
            (Basis::Known | Basis::New, _) => {}
            (Basis::Other, _) => {
                tracing::warn!(stored, "the database is another one than before; loading all of it");
            }
            (Basis::WentBack, _) => tracing::warn!(
                served = revision,
                stored,
                "the database went back to an older revision; loading all of it"
            ),
            (Basis::Unmarked, _) => tracing::warn!(
                served = revision,
                stored,
                "the revision that is served is not among the newest of the database; loading all of it"
            ),
        }
        Arc::new(Snapshot::empty(self.inner.settings.limits, self.now()))
    }
}
