//! The tables of the journal: what machines were answered, and who asked without being registered.
//!
//! They have no part in the catalog: a write here takes no lock of the catalog, makes no revision and is not audited.

mod discovered;
mod insert;
mod purge;
mod read;

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};

use super::row::{to_column, to_json};
use super::{Store, StoreError, connect, error};
use crate::domain::{BootFilter, BootId, BootRecord, Discovered, Timestamp};

use insert::{Cell, insert, text};

const TABLE: &str = "boots";

/// The columns and what they are, for both databases.
const COLUMNS: &insert::Columns = &[
    ("id", "text"),
    ("at", "bigint"),
    ("mac", "text"),
    ("uuid", "text"),
    ("serial", "text"),
    ("machine", "text"),
    ("rule", "text"),
    ("image", "text"),
    ("template", "text"),
    ("incident", "text"),
    ("problem", "text"),
    ("client", "text"),
    ("asked", "text"),
    ("outcome", "text"),
    ("facts", "text"),
    ("sha256", "text"),
    ("base_url", "text"),
    ("replica", "text"),
    ("program", "text"),
    ("settings", "text"),
    ("revision", "bigint"),
    ("bytes", "bigint"),
    ("micros", "bigint"),
];

impl Store {
    /// Adds records, and adds to what is known of machines that are not registered, all or none. A record that is there
    /// already is left as it is, so that who does not know what became of a write can repeat it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also if writes to the catalog take too long.
    pub async fn add_boots<'a>(
        &self,
        records: impl IntoIterator<Item = &'a BootRecord>,
        discovered: &[Discovered],
    ) -> Result<(), StoreError> {
        let rows = records.into_iter().map(cells).collect::<Result<Vec<_>, _>>()?;
        let write = async {
            // On SQLite only one can write, and who waits for a turn here need not poll there.
            let turn = match self.connection.get_database_backend() {
                DbBackend::Sqlite => Some(self.turn.acquire().await),
                _ => None,
            };
            let tx = connect::begin_write(&self.connection).await?;
            insert(&tx, TABLE, COLUMNS, rows, "ON CONFLICT (id) DO NOTHING").await?;
            if !discovered.is_empty() {
                discovered::add(&tx, discovered).await?;
            }
            tx.commit().await?;
            drop(turn);
            Ok(())
        };
        error::within(self.statement_timeout(), write).await
    }

    /// The newest records that are wanted, at most `limit`, all of them older than `before`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn boots(
        &self,
        filter: &BootFilter,
        before: Option<BootId>,
        limit: usize,
    ) -> Result<Vec<BootRecord>, StoreError> {
        error::within(self.statement_timeout(), read::list(&self.connection, filter, before, limit)).await
    }

    /// The record with this number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn boot(&self, id: BootId) -> Result<Option<BootRecord>, StoreError> {
        error::within(self.statement_timeout(), read::get(&self.connection, id)).await
    }

    /// Machines that asked and are not registered, those that asked last first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn discovered(&self, limit: usize) -> Result<Vec<Discovered>, StoreError> {
        error::within(self.statement_timeout(), discovered::list(&self.connection, limit)).await
    }

    /// The newest record that is too old to keep: one before `oldest`, or one beyond the newest `most`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn boots_expired(&self, oldest: BootId, most: u64) -> Result<Option<BootId>, StoreError> {
        error::within(self.statement_timeout(), purge::expired(&self.connection, oldest, most)).await
    }

    /// Deletes some records up to this one, and says how many. There are no more when it was none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn purge_boots(&self, newest: BootId) -> Result<u64, StoreError> {
        error::within(self.statement_timeout(), purge::boots(&self.connection, newest)).await
    }

    /// Deletes machines that are not registered and did not ask since `since`, or that are beyond the `most` that asked
    /// last.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn purge_discovered(&self, since: Timestamp, most: usize) -> Result<u64, StoreError> {
        error::within(self.statement_timeout(), purge::discovered(&self.connection, since, most)).await
    }
}

async fn run(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, StoreError> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.execute_raw(statement).await?.rows_affected())
}

/// The cells of a record, in the order of [`COLUMNS`].
fn cells(record: &BootRecord) -> Result<Vec<Cell>, StoreError> {
    let facts = &*record.facts;
    let number = |number: u64| Cell::Number(to_column(number));
    Ok(vec![
        text(Some(record.id)),
        Cell::Number(record.at.0),
        text(facts.mac),
        text(facts.uuid),
        text(facts.serial.as_deref()),
        text(record.machine.as_ref()),
        text(record.rule.as_ref()),
        text(record.image.as_ref()),
        text(record.template.as_deref()),
        text(record.incident.as_deref()),
        // Postgres keeps no NUL in a text, and a template can make one.
        text(record.problem.as_ref().map(|problem| problem.replace('\0', "\u{fffd}"))),
        text(Some(record.client)),
        text(Some(record.asked.as_str())),
        text(Some(record.outcome.as_str())),
        text(Some(to_json(facts)?)),
        text(Some(record.sha256.iter().map(|byte| format!("{byte:02x}")).collect::<String>())),
        text(Some(&record.base_url)),
        text(Some(&record.replica.name)),
        text(Some(&record.replica.program)),
        text(Some(&record.replica.settings)),
        number(record.revision),
        number(record.bytes),
        number(record.micros),
    ])
}
