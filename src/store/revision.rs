//! The one row that puts all writes in order.

use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend};

use super::StoreError;
use super::row::{Row, to_column};

const TABLE: &str = "catalog_revision";

/// Those who listen on this channel of Postgres hear each new revision when it is committed.
pub(super) const CHANNEL: &str = "pxe_init_catalog";

/// Which catalog a database has, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// Random, from when the database was made; a backup that is restored keeps it.
    pub identity: Arc<str>,
    /// How many writes there were.
    pub revision: u64,
}

pub(super) async fn read(connection: &impl ConnectionTrait) -> Result<State, StoreError> {
    query(connection, false).await
}

/// Reads the row and keeps everybody else from doing so until the transaction ends. On SQLite the transaction has
/// done that already.
pub(super) async fn lock(tx: &DatabaseTransaction) -> Result<State, StoreError> {
    query(tx, tx.get_database_backend() == DbBackend::Postgres).await
}

/// Writes the row, and tells those who listen.
pub(super) async fn write(tx: &DatabaseTransaction, revision: u64) -> Result<(), StoreError> {
    let update = Query::update()
        .table(TABLE)
        .value("revision", to_column(revision))
        .and_where(Expr::col("id").eq(1))
        .take();
    tx.execute(&update).await?;
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared(&format!("NOTIFY {CHANNEL}, '{revision}'")).await?;
    }
    Ok(())
}

async fn query(connection: &impl ConnectionTrait, lock: bool) -> Result<State, StoreError> {
    let mut select = Query::select();
    select.columns(["id", "revision", "identity"]).from(TABLE).and_where(Expr::col("id").eq(1));
    if lock {
        select.lock_exclusive();
    }
    match connection.query_one(&select).await? {
        Some(row) => {
            let id: i32 = row.try_get("", "id")?;
            let row = Row::with_key(TABLE, id.to_string(), &row);
            let identity: String = row.get("identity")?;
            Ok(State { identity: identity.into(), revision: row.unsigned("revision")? })
        }
        None => Err(StoreError::BadRow {
            table: TABLE,
            column: "id".to_owned(),
            row: "1".to_owned(),
            problem: "the row is missing".to_owned(),
        }),
    }
}
