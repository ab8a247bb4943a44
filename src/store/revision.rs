//! The one row that puts all writes in order, and the marks of the newest revisions.

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr};

use super::StoreError;
use super::row::{Row, to_column};
use crate::domain::State;

const TABLE: &str = "catalog_revision";

const MARKS: &str = "revision_marks";

/// So many revisions keep their marks. Who is further behind loads all, which takes no longer than to catch up.
const MARKED: u64 = 10_000;

/// How often marks are cleared away, in revisions.
const CLEARING: u64 = 100;

/// Those who listen on this channel of Postgres hear each new revision when it is committed.
pub(super) const CHANNEL: &str = "pxe_init_catalog";

pub(super) async fn read(connection: &impl ConnectionTrait) -> Result<State, StoreError> {
    Ok(query(connection, false).await?.0)
}

/// Reads the row and keeps everybody else from doing so until the transaction ends: the state now, and the state that
/// the transaction makes. On SQLite the transaction has done that already.
pub(super) async fn lock(tx: &DatabaseTransaction) -> Result<(State, State), StoreError> {
    let (now, mark) = query(tx, tx.get_database_backend() == DbBackend::Postgres).await?;
    let next = State { revision: now.revision + 1, mark: mark.into(), ..now.clone() };
    Ok((now, next))
}

/// Writes the row, and tells those who listen.
pub(super) async fn write(tx: &DatabaseTransaction, next: &State) -> Result<(), StoreError> {
    let revision = to_column(next.revision);
    let update = Query::update()
        .table(TABLE)
        .value("revision", revision)
        .value("mark", &*next.mark)
        .and_where(Expr::col("id").eq(1))
        .take();
    tx.execute(&update).await?;
    let mark = Query::insert()
        .into_table(MARKS)
        .columns(["revision", "mark"])
        .values([revision.into(), (&*next.mark).into()])
        .map_err(|e| DbErr::Custom(e.to_string()))?
        .on_conflict(OnConflict::column("revision").update_column("mark").to_owned())
        .take();
    tx.execute(&mark).await?;
    if next.revision.is_multiple_of(CLEARING) {
        let oldest = to_column(next.revision.saturating_sub(MARKED));
        let clear = Query::delete().from_table(MARKS).and_where(Expr::col("revision").lt(oldest)).take();
        tx.execute(&clear).await?;
    }
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared(&format!("NOTIFY {CHANNEL}, '{revision}'")).await?;
    }
    Ok(())
}

/// The mark of a revision, if it is among the newest.
pub(super) async fn mark(
    connection: &impl ConnectionTrait,
    revision: u64,
) -> Result<Option<String>, StoreError> {
    let select = Query::select()
        .column("mark")
        .from(MARKS)
        .and_where(Expr::col("revision").eq(to_column(revision)))
        .take();
    let row = connection.query_one(&select).await?;
    row.map(|row| Row::with_key(MARKS, revision.to_string(), &row).get("mark")).transpose()
}

/// The secret of which the tokens of boots are made.
pub(super) async fn boot_key(connection: &impl ConnectionTrait) -> Result<String, StoreError> {
    let select = Query::select().column("boot_key").from(TABLE).and_where(Expr::col("id").eq(1)).take();
    match connection.query_one(&select).await? {
        Some(row) => Row::with_key(TABLE, "1".to_owned(), &row).get("boot_key"),
        None => Err(missing()),
    }
}

fn missing() -> StoreError {
    StoreError::BadRow {
        table: TABLE,
        column: "id".to_owned(),
        row: "1".to_owned(),
        problem: "the row is missing".to_owned(),
    }
}

/// The state, and a mark for the next one.
async fn query(connection: &impl ConnectionTrait, lock: bool) -> Result<(State, String), StoreError> {
    let random = match connection.get_database_backend() {
        DbBackend::Sqlite => "lower(hex(randomblob(16)))",
        _ => "replace(gen_random_uuid()::text, '-', '')",
    };
    let mut select = Query::select();
    select
        .columns(["id", "revision", "identity", "mark"])
        .expr_as(Expr::cust(random), "fresh")
        .from(TABLE)
        .and_where(Expr::col("id").eq(1));
    if lock {
        select.lock_exclusive();
    }
    match connection.query_one(&select).await? {
        Some(row) => {
            let id: i32 = row.try_get("", "id")?;
            let row = Row::with_key(TABLE, id.to_string(), &row);
            let (identity, mark): (String, String) = (row.get("identity")?, row.get("mark")?);
            let revision = row.unsigned("revision")?;
            Ok((State { identity: identity.into(), revision, mark: mark.into() }, row.get("fresh")?))
        }
        None => Err(missing()),
    }
}
