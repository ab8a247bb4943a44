//! One consistent read of what changed, handed over in pieces: a million machines are never here at once.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend};
use tokio::sync::mpsc::Sender;

use super::basis::Basis;
use super::changes::{self, Sink};
use super::error::within;
use super::{StoreError, connect, revision};
use crate::domain::{Stamped, State};
use crate::seal::Keys;

/// The longest that one statement may take that reads all. Whether the database answers at all is found out sooner: each
/// further row must come within the usual time.
const LONGEST: &str = "SET LOCAL statement_timeout = '10min'";

/// What changed after what a reader knows.
pub struct Reading {
    tx: DatabaseTransaction,
    timeout: Duration,
    keys: Keys,
    /// The revision after which changes are read; 0 where all is read.
    pub after: u64,
    /// What the changes lead to.
    pub state: State,
    /// What they are to be laid upon.
    pub basis: Basis,
}

impl Reading {
    pub(super) async fn begin(
        connection: &DatabaseConnection,
        timeout: Duration,
        keys: &Keys,
        known: Option<&State>,
    ) -> Result<Self, StoreError> {
        let begin = async {
            let tx = connect::begin_read(connection).await?;
            let state = revision::read(&tx).await?;
            let basis = Basis::of(known, &state, &tx).await?;
            let after = basis.revision(known);
            if after == 0 && tx.get_database_backend() == DbBackend::Postgres {
                tx.execute_unprepared(LONGEST).await?;
            }
            Ok(Self { tx, timeout, keys: keys.clone(), after, state, basis })
        };
        within(timeout, begin).await
    }

    /// Hands over all changes. It ends early if nobody takes them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`] for the first row that means nothing.
    pub async fn give(self, to: Sender<Vec<Stamped>>) -> Result<(), StoreError> {
        let Self { tx, timeout, keys, after, state, .. } = self;
        let mut sink = Sink::to(to, timeout, &keys);
        changes::read(&tx, after, state.revision, &mut sink).await?;
        sink.end().await;
        within(timeout, async { Ok(tx.rollback().await?) }).await
    }
}
