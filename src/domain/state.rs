//! Which catalog a database has.

use std::sync::Arc;

/// Which catalog a database has, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Random, from when the database was made; a backup that is restored keeps it.
    pub identity: Arc<str>,
    /// How many writes there were.
    pub revision: u64,
    /// Random, from the write that made this revision: what is written after a backup was restored has the revisions
    /// once more, and other marks.
    pub mark: Arc<str>,
}
