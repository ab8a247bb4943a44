//! Deleting what is too old or too much, in small pieces.

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};

use super::super::{StoreError, row::Row};
use super::{TABLE, run};
use crate::domain::{BootId, Timestamp};

/// Rows that one statement deletes: some milliseconds of work, for which writers of SQLite wait.
const PIECE: u64 = 1000;

pub(super) async fn expired(
    connection: &DatabaseConnection,
    oldest: BootId,
    most: u64,
) -> Result<Option<BootId>, StoreError> {
    let newest = || Query::select().column("id").from(TABLE).order_by("id", Order::Desc).limit(1).take();
    let by_age = newest().and_where(Expr::col("id").lt(oldest.to_string())).take();
    // The databases know no number above that; no table has so many rows.
    let by_count = newest().offset(std::cmp::min(most, i64::MAX.unsigned_abs())).take();
    let mut found = Vec::new();
    for select in [by_age, by_count] {
        if let Some(row) = connection.query_one(&select).await? {
            found.push(Row::new(TABLE, "id", &row)?.parse("id")?);
        }
    }
    Ok(found.into_iter().max())
}

pub(super) async fn boots(connection: &DatabaseConnection, newest: BootId) -> Result<u64, StoreError> {
    let sql = format!(
        "DELETE FROM boots WHERE id IN (SELECT id FROM boots WHERE id <= $1 ORDER BY id LIMIT {PIECE})"
    );
    run(connection, &sql, [newest.to_string().into()]).await
}

pub(super) async fn discovered(
    connection: &DatabaseConnection,
    since: Timestamp,
    most: usize,
) -> Result<u64, StoreError> {
    let all = match connection.get_database_backend() {
        DbBackend::Sqlite => "LIMIT -1",
        _ => "LIMIT ALL",
    };
    let sql = format!(
        "DELETE FROM discovered WHERE last_at < $1 OR identity IN \
         (SELECT identity FROM discovered ORDER BY last_at DESC, identity {all} OFFSET {most})"
    );
    run(connection, &sql, [since.0.into()]).await
}
