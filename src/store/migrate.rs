//! Bringing the schema to this version, one replica at a time.

use std::collections::HashSet;
use std::time::Duration;

use pxe_init_migrations::Migrator;
use sea_orm::sea_query::Query;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, IntoDatabaseExecutor,
    Statement,
};
use sea_orm_migration::{MigratorTrait, SchemaManager};

use super::StoreError;
use super::connect::begin_write;
use super::error::within;
use super::row::Row;

/// Where sea-orm notes what was applied.
const HISTORY: &str = "seaql_migrations";

/// What replicas that migrate wait for, in Postgres. The number only has to be ours, and the same in all versions.
const TAKE_LOCK: &str = "SELECT pg_try_advisory_xact_lock(123456793318772) AS taken";

/// A migration of a big table, or another replica's, may take longer than any statement at run time should.
const NO_TIMEOUTS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                           SET LOCAL idle_in_transaction_session_timeout = 0";

/// How often to ask for the lock that another replica holds.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// The longest that the migrations may take once it is our turn. It only has to end some time: a host that went away
/// without a word never closes its connections.
const LONGEST: Duration = Duration::from_secs(3600);

/// Applies what is missing in one transaction, so that it is there as a whole or not at all. Who comes second waits,
/// and finds nothing left to do. On SQLite the transaction is itself the lock. `limit` is for each statement but the
/// migrations themselves.
pub(super) async fn run(connection: &DatabaseConnection, limit: Duration) -> Result<(), StoreError> {
    // Without the lock, which somebody may hold for long: nearly always there is nothing to do.
    if within(limit, is_current(connection)).await? {
        return Ok(());
    }
    let tx = within(limit, begin_write(connection)).await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        within(limit, async { Ok(tx.execute_unprepared(NO_TIMEOUTS).await?) }).await?;
        // Not by waiting in the database, which could not be told from a database that went away.
        while !within(limit, take_lock(&tx)).await? {
            tokio::time::sleep(LOCK_POLL).await;
        }
    }
    within(limit, refuse_newer(&tx)).await?;
    within(LONGEST, async { Migrator::up(&tx, None).await.map_err(failed) }).await?;
    within(limit, async { tx.commit().await.map_err(failed) }).await
}

/// An older version must not touch what it does not understand.
pub(super) async fn refuse_newer<'c>(connection: impl IntoDatabaseExecutor<'c>) -> Result<(), StoreError> {
    let known = known();
    let mut unknown = applied(connection).await?.unwrap_or_default();
    unknown.retain(|name| !known.contains(name));
    if unknown.is_empty() { Ok(()) } else { Err(StoreError::SchemaTooNew { unknown }) }
}

/// The migrations that were applied, in their order; `None` where there never was one.
pub(super) async fn applied<'c>(
    connection: impl IntoDatabaseExecutor<'c>,
) -> Result<Option<Vec<String>>, StoreError> {
    let manager = SchemaManager::new(connection);
    if !manager.has_table(HISTORY).await? {
        return Ok(None);
    }
    let applied =
        Query::select().column("version").from(HISTORY).order_by("version", sea_orm::Order::Asc).take();
    let mut names = Vec::new();
    for row in manager.get_connection().query_all(&applied).await? {
        names.push(Row::new(HISTORY, "version", &row)?.get("version")?);
    }
    Ok(Some(names))
}

async fn is_current(connection: &DatabaseConnection) -> Result<bool, StoreError> {
    let applied = applied(connection).await?.unwrap_or_default();
    Ok(applied.into_iter().collect::<HashSet<String>>() == known())
}

fn known() -> HashSet<String> {
    Migrator::migrations().iter().map(|m| m.name().to_owned()).collect()
}

async fn take_lock(tx: &DatabaseTransaction) -> Result<bool, StoreError> {
    let row = tx.query_one_raw(Statement::from_string(DbBackend::Postgres, TAKE_LOCK)).await?;
    Ok(row.map(|row| row.try_get("", "taken")).transpose()?.unwrap_or(false))
}

fn failed(error: DbErr) -> StoreError {
    match StoreError::from(error) {
        StoreError::Other { source } | StoreError::NotMigrated { source } => StoreError::Migration { source },
        other => other,
    }
}
