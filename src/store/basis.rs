//! Whether what a reader has is an earlier state of the database.

use sea_orm::ConnectionTrait;

use super::{StoreError, revision};
use crate::domain::State;

/// What changes are to be laid upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// What the reader has.
    Known,
    /// Nothing, since the reader has nothing that is known to be of a database.
    New,
    /// Nothing, since what the reader has is of another database.
    Other,
    /// Nothing, since the database is at an older revision than the reader: a backup was restored.
    WentBack,
    /// Nothing, since the reader's revision is not one of this database, or an old one: a backup was restored and
    /// written to, or very much was written meanwhile.
    Unmarked,
}

impl Basis {
    pub(super) async fn of(
        known: Option<&State>,
        stored: &State,
        connection: &impl ConnectionTrait,
    ) -> Result<Self, StoreError> {
        let Some(known) = known else { return Ok(Self::New) };
        if known.identity != stored.identity {
            return Ok(Self::Other);
        }
        if known.revision > stored.revision {
            return Ok(Self::WentBack);
        }
        let is_marked = match known.revision == stored.revision {
            true => known.mark == stored.mark,
            false => revision::mark(connection, known.revision).await?.as_deref() == Some(&known.mark),
        };
        Ok(if is_marked { Self::Known } else { Self::Unmarked })
    }

    /// The revision after which changes are to be read.
    pub(super) fn revision(self, known: Option<&State>) -> u64 {
        match (self, known) {
            (Self::Known, Some(known)) => known.revision,
            _ => 0,
        }
    }
}
