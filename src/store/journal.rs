//! The tables of the journal: what machines were answered, and who asked without being registered.
//!
//! They have no part in the catalog: a write here takes no lock of the catalog, makes no revision and is not audited.

mod discovered;
mod purge;
mod read;

use std::net::IpAddr;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, Value};
use serde::Serialize;

use super::{Store, StoreError, connect, error};
use crate::domain::{BootFilter, BootId, BootRecord, Discovered, Facts, Name, Timestamp};

const TABLE: &str = "boots";

/// The columns and what they are, for both databases.
const COLUMNS: &[(&str, &str)] = &[
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

/// One row, as the JSON that the statement takes apart.
#[derive(Serialize)]
struct BootRow<'a> {
    id: String,
    at: i64,
    mac: Option<String>,
    uuid: Option<String>,
    serial: Option<&'a str>,
    machine: Option<&'a str>,
    rule: Option<&'a str>,
    image: Option<&'a str>,
    template: Option<&'a str>,
    incident: Option<&'a str>,
    problem: Option<String>,
    client: IpAddr,
    asked: &'static str,
    outcome: &'static str,
    facts: &'a Facts,
    sha256: String,
    base_url: &'a str,
    replica: &'a str,
    program: &'a str,
    settings: &'a str,
    revision: u64,
    bytes: u64,
    micros: u64,
}

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
        let rows: Vec<_> = records.into_iter().map(BootRow::of).collect();
        let records = serde_json::to_string(&rows).map_err(StoreError::other)?;
        let write = async {
            // On SQLite only one can write, and who waits for a turn here need not poll there.
            let turn = match self.connection.get_database_backend() {
                DbBackend::Sqlite => Some(self.turn.acquire().await),
                _ => None,
            };
            let tx = connect::begin_write(&self.connection).await?;
            insert(&tx, TABLE, COLUMNS, records, "ON CONFLICT (id) DO NOTHING").await?;
            if !discovered.is_empty() {
                discovered::add(&tx, discovered).await?;
            }
            tx.commit().await?;
            drop(turn);
            Ok(())
        };
        error::within(self.statement_timeout, write).await
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
        error::within(self.statement_timeout, read::list(&self.connection, filter, before, limit)).await
    }

    /// The record with this number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn boot(&self, id: BootId) -> Result<Option<BootRecord>, StoreError> {
        error::within(self.statement_timeout, read::get(&self.connection, id)).await
    }

    /// Machines that asked and are not registered, those that asked last first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn discovered(&self, limit: usize) -> Result<Vec<Discovered>, StoreError> {
        error::within(self.statement_timeout, discovered::list(&self.connection, limit)).await
    }

    /// The newest record that is too old to keep: one before `oldest`, or one beyond the newest `most`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn boots_expired(&self, oldest: BootId, most: u64) -> Result<Option<BootId>, StoreError> {
        error::within(self.statement_timeout, purge::expired(&self.connection, oldest, most)).await
    }

    /// Deletes some records up to this one, and says how many. There are no more when it was none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn purge_boots(&self, newest: BootId) -> Result<u64, StoreError> {
        error::within(self.statement_timeout, purge::boots(&self.connection, newest)).await
    }

    /// Deletes machines that are not registered and did not ask since `since`, or that are beyond the `most` that asked
    /// last.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn purge_discovered(&self, since: Timestamp, most: usize) -> Result<u64, StoreError> {
        error::within(self.statement_timeout, purge::discovered(&self.connection, since, most)).await
    }
}

/// Inserts the rows of a JSON array by one statement, whose text is the same for any number of them.
async fn insert(
    tx: &DatabaseTransaction,
    table: &str,
    columns: &[(&str, &str)],
    rows: String,
    conflict: &str,
) -> Result<(), StoreError> {
    let backend = tx.get_database_backend();
    let names = |form: &dyn Fn(&str, &str) -> String| {
        columns.iter().map(|(name, ty)| form(name, ty)).collect::<Vec<_>>().join(", ")
    };
    let plain = names(&|name, _| name.to_owned());
    let sql = match backend {
        DbBackend::Sqlite => {
            let values = names(&|name, _| format!("value ->> '{name}'"));
            // `WHERE true`: without it the parser takes `ON` for that of a join.
            format!("INSERT INTO {table} ({plain}) SELECT {values} FROM json_each($1) WHERE true {conflict}")
        }
        _ => {
            let typed = names(&|name, ty| format!("{name} {ty}"));
            format!(
                "INSERT INTO {table} ({plain}) SELECT {plain} FROM json_to_recordset($1::json) AS rows({typed}) {conflict}"
            )
        }
    };
    run(tx, &sql, [rows.into()]).await?;
    Ok(())
}

async fn run(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, StoreError> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.execute_raw(statement).await?.rows_affected())
}

impl<'a> BootRow<'a> {
    fn of(record: &'a BootRecord) -> Self {
        let facts = &*record.facts;
        Self {
            id: record.id.to_string(),
            at: record.at.0,
            mac: facts.mac.map(|mac| mac.to_string()),
            uuid: facts.uuid.map(|uuid| uuid.to_string()),
            serial: facts.serial.as_deref(),
            machine: record.machine.as_ref().map(Name::as_str),
            rule: record.rule.as_ref().map(Name::as_str),
            image: record.image.as_ref().map(Name::as_str),
            template: record.template.as_deref(),
            incident: record.incident.as_deref(),
            // Postgres keeps no NUL in a text, and a template can make one.
            problem: record.problem.as_ref().map(|problem| problem.replace('\0', "\u{fffd}")),
            client: record.client,
            asked: record.asked.as_str(),
            outcome: record.outcome.as_str(),
            facts,
            sha256: record.sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
            base_url: &record.base_url,
            replica: &record.replica.name,
            program: &record.replica.program,
            settings: &record.replica.settings,
            revision: record.revision,
            bytes: record.bytes,
            micros: record.micros,
        }
    }
}
