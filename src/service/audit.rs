//! The audit: what it says, whether its chain is whole, and the calls that were denied.

mod denials;
mod mask;
mod verify;

use super::Service;
use crate::boot::Secrets;
use crate::domain::{AuditEntry, AuditFilter};
use crate::error::Error;

pub use verify::{AuditBreak, AuditCheck, AuditVerdict};

pub(super) use denials::Denials;

/// The size of a page where none is asked for.
const DEFAULT_PAGE: usize = 100;

/// The largest page.
const MAX_PAGE: usize = 1000;

/// Which page of the audit is asked for.
#[derive(Clone, Debug, Default)]
pub struct AuditPageRequest {
    /// Which entries.
    pub filter: AuditFilter,
    /// At most this many; 0 for the default.
    pub size: u32,
    /// Only those before this one.
    pub before: Option<u64>,
}

/// One page of the audit.
#[derive(Debug)]
pub struct AuditPage {
    /// The newest first, with masks in the place of secrets.
    pub entries: Vec<AuditEntry>,
    /// Whether there are more.
    pub more: bool,
}

impl Service {
    /// What the audit says, the newest first. Params that are secret now, or were when the entry was made, have masks.
    pub async fn list_audit(&self, request: &AuditPageRequest) -> Result<AuditPage, Error> {
        let size = match request.size as usize {
            0 => DEFAULT_PAGE,
            size => size.min(MAX_PAGE),
        };
        let secrets = Secrets::of(&[&*self.snapshot()?]);
        // So that what was denied a moment ago is there.
        self.tell_denied().await;
        let store = self.store("the audit")?;
        let mut entries = store.audit(&request.filter, request.before, size + 1).await?;
        let more = entries.len() > size;
        entries.truncate(size);
        for entry in &mut entries {
            mask::mask(entry, &secrets);
        }
        Ok(AuditPage { entries, more })
    }
}
