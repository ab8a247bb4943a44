//! What the audit says: who did what, from where, when, and how it was before and after.

use super::{Actor, Timestamp};

/// What was done where a call was denied.
pub const DENIED: &str = "denied";

/// What kind of thing a token of the management API is.
pub const TOKEN: &str = "token";

/// One entry of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number; they grow, with gaps.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// Who, and from where.
    pub actor: Actor,
    /// The catalog revision that it made; 0 if it made none.
    pub revision: u64,
    /// What kind of thing: a noun, `token`, or `call` of a call that was denied.
    pub noun: String,
    /// Its name.
    pub name: String,
    /// What was done: `create`, `update`, `delete` or `denied`.
    pub action: String,
    /// The thing before, as JSON with its secrets in clear.
    pub before: Option<String>,
    /// The thing after, likewise.
    pub after: Option<String>,
    /// Why, in the words of who did it.
    pub message: String,
    /// The params of it that were secret then, as a JSON list.
    pub secrets: String,
    /// What keeps its hash from telling anything of its secrets.
    pub salt: String,
    /// The hash of the entry before.
    pub previous: String,
    /// Its own.
    pub hash: String,
}

/// Which entries of the audit are wanted: those for which all that is given holds.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// Of this one.
    pub who: Option<String>,
    /// From this address.
    pub from: Option<String>,
    /// Of this kind of thing.
    pub noun: Option<String>,
    /// Of the thing with this name.
    pub name: Option<String>,
    /// Where this was done.
    pub action: Option<String>,
}

/// Calls that were denied, alike in all but their time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// Who called, and from where.
    pub actor: Actor,
    /// What was called.
    pub rpc: String,
    /// Why it was denied.
    pub why: String,
    /// How many.
    pub count: u64,
    /// When the first came.
    pub first: Timestamp,
    /// When the last came.
    pub last: Timestamp,
}
