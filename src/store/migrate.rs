//! Bringing the schema to this version, one replica at a time.

use std::collections::HashSet;

use pxe_init_migrations::Migrator;
use sea_orm::sea_query::Query;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, IntoDatabaseExecutor};
use sea_orm_migration::{MigratorTrait, SchemaManager};

use super::StoreError;
use super::connect::begin_write;
use super::row::Row;

/// Where sea-orm notes what was applied.
const HISTORY: &str = "seaql_migrations";

/// What replicas that migrate wait for, in Postgres. The number only has to be ours, and the same in all versions.
const TAKE_LOCK: &str = "SELECT pg_advisory_xact_lock(123456793318772)";

/// A migration of a big table, or another replica's, may take longer than any statement at run time should.
const NO_TIMEOUTS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                           SET LOCAL idle_in_transaction_session_timeout = 0";

/// Applies what is missing in one transaction, so that it is there as a whole or not at all. Who comes second waits,
/// and finds nothing left to do. On SQLite the transaction is itself the lock.
pub(super) async fn run(connection: &DatabaseConnection) -> Result<(), StoreError> {
    let tx = begin_write(connection).await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared(NO_TIMEOUTS).await?;
        tx.execute_unprepared(TAKE_LOCK).await?;
    }
    refuse_newer(&tx).await?;
    Migrator::up(&tx, None).await.map_err(failed)?;
    tx.commit().await.map_err(failed)
}

/// An older version must not touch what it does not understand.
pub(super) async fn refuse_newer<'c>(connection: impl IntoDatabaseExecutor<'c>) -> Result<(), StoreError> {
    let known: HashSet<String> = Migrator::migrations().iter().map(|m| m.name().to_owned()).collect();
    let manager = SchemaManager::new(connection);
    if !manager.has_table(HISTORY).await? {
        return Ok(());
    }
    let applied =
        Query::select().column("version").from(HISTORY).order_by("version", sea_orm::Order::Asc).take();
    let mut unknown = Vec::new();
    for row in manager.get_connection().query_all(&applied).await? {
        let name: String = Row::new(HISTORY, "version", &row)?.get("version")?;
        if !known.contains(&name) {
            unknown.push(name);
        }
    }
    if unknown.is_empty() { Ok(()) } else { Err(StoreError::SchemaTooNew { unknown }) }
}

fn failed(error: DbErr) -> StoreError {
    match StoreError::from(error) {
        StoreError::Other { source } | StoreError::NotMigrated { source } => StoreError::Migration { source },
        other => other,
    }
}
