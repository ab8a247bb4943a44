//! What pending changes would do, without doing it.

use super::stage::Staged;
use super::{Intent, Service, Written};
use crate::boot::Comparison;
use crate::error::Error;

/// What pending changes would do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The catalog revision that it was made against.
    pub revision: u64,
    /// What each change would do, in their order.
    pub written: Vec<Written>,
    /// What all of them would do to the registered machines.
    pub comparison: Comparison,
}

impl Service {
    /// What these changes would do; `done` is told how many machines are compared, and how many there are. Refuses what
    /// [`write_all`](Self::write_all) would refuse, except that machines may fail.
    pub async fn plan(
        &self,
        intents: &[Intent],
        done: impl Fn(usize, usize) + Send + Sync + 'static,
    ) -> Result<Plan, Error> {
        let before = self.snapshot()?;
        let Staged { effects, changes, next, warnings } = self.stage(&before, intents)?;
        let comparison = self.compare(&before, &next, &changes, done).await?;
        let revision = before.catalog.revision();
        Ok(Plan { revision, written: super::write::written(effects, revision, warnings), comparison })
    }
}
