//! Whether the audit is as it was written.

use crate::domain::AuditEntry;
use crate::error::Error;
use crate::service::Service;
use crate::store::{AUDIT_BEGINNING, audit_hash};

/// Entries that are checked at once.
const PAGE: usize = 1000;

/// What a check of the chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditVerdict {
    /// Entries that are as they were written, from the first one on.
    pub good: u64,
    /// The hash of the last of them: whoever notes it elsewhere can prove later that nothing up to it was changed.
    pub head: String,
    /// The first entry that is not, and why.
    pub broken: Option<AuditBreak>,
    /// The number of the entry with the hash that was noted elsewhere, if it is among the good ones; 0 where nothing had been
    /// written then.
    pub anchored: Option<u64>,
}

/// Where a chain breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditBreak {
    /// The number of the entry.
    pub id: u64,
    /// What is wrong with it.
    pub problem: &'static str,
}

/// A check of the chain, page after page.
#[derive(Clone, Debug)]
pub struct AuditCheck {
    /// What was found so far.
    pub verdict: AuditVerdict,
    anchor: String,
    /// The last entry that was looked at.
    after: u64,
}

impl AuditCheck {
    /// From the first entry on. `anchor` is a hash that somebody noted elsewhere.
    pub fn new(anchor: String) -> Self {
        let anchored = (anchor == AUDIT_BEGINNING).then_some(0);
        let verdict = AuditVerdict { good: 0, head: AUDIT_BEGINNING.to_owned(), broken: None, anchored };
        Self { verdict, anchor, after: 0 }
    }

    fn look_at(&mut self, page: &[AuditEntry]) {
        let verdict = &mut self.verdict;
        for entry in page {
            self.after = entry.id;
            verdict.broken = problem(entry, &verdict.head);
            if verdict.broken.is_some() {
                return;
            }
            verdict.good += 1;
            verdict.head.clone_from(&entry.hash);
            if entry.hash == self.anchor {
                verdict.anchored = Some(entry.id);
            }
        }
    }
}

impl Service {
    /// Checks the next entries of the audit. Whether there may be more: not after the first that is not as it was written.
    pub async fn check_audit(&self, check: &mut AuditCheck) -> Result<bool, Error> {
        // Entries are only ever added, so that page after page is the same as all at once.
        let page = self.store("the audit")?.audit_after(check.after, PAGE).await?;
        check.look_at(&page);
        Ok(!page.is_empty() && check.verdict.broken.is_none())
    }
}

fn problem(entry: &AuditEntry, head: &str) -> Option<AuditBreak> {
    let problem = if entry.previous != head {
        "it does not follow the entry before it: entries between them were removed, or put in"
    } else if audit_hash(entry) != entry.hash {
        "its content is not what its hash was made of: it was changed after it was written"
    } else {
        return None;
    };
    Some(AuditBreak { id: entry.id, problem })
}
