//! Reading the audit.

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, QueryResult};

use super::super::row::{Row, to_column};
use super::super::{Store, StoreError, error};
use super::TABLE;
use crate::domain::{Actor, AuditEntry, AuditFilter, Timestamp};

const COLUMNS: [&str; 15] = [
    "id", "revision", "at", "actor", "origin", "noun", "name", "action", "before", "after", "message",
    "secrets", "salt", "previous", "hash",
];

impl Store {
    /// The newest entries of the audit that are wanted, at most `limit`, all of them older than `before`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let mut select = select();
        narrow(&mut select, filter);
        if let Some(before) = before {
            select.and_where(Expr::col("id").lt(to_column(before)));
        }
        select.order_by("id", Order::Desc).limit(limit as u64);
        error::within(self.statement_timeout(), rows(&self.connection, &select)).await
    }

    /// The oldest entries of the audit that are newer than the one with the number `after`, at most `limit`, in their order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn audit_after(&self, after: u64, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let mut select = select();
        select.and_where(Expr::col("id").gt(to_column(after)));
        select.order_by("id", Order::Asc).limit(limit as u64);
        error::within(self.statement_timeout(), rows(&self.connection, &select)).await
    }
}

fn select() -> SelectStatement {
    Query::select().columns(COLUMNS).from(TABLE).take()
}

fn narrow(select: &mut SelectStatement, filter: &AuditFilter) {
    let texts = [
        ("actor", &filter.who),
        ("origin", &filter.from),
        ("noun", &filter.noun),
        ("name", &filter.name),
        ("action", &filter.action),
    ];
    for (column, wanted) in texts {
        if let Some(wanted) = wanted {
            select.and_where(Expr::col(column).eq(wanted));
        }
    }
    if let Some(since) = filter.since {
        select.and_where(Expr::col("at").gte(since.0));
    }
    if let Some(until) = filter.until {
        select.and_where(Expr::col("at").lt(until.0));
    }
}

async fn rows(
    connection: &impl ConnectionTrait,
    select: &SelectStatement,
) -> Result<Vec<AuditEntry>, StoreError> {
    connection.query_all(select).await?.iter().map(decode).collect()
}

fn decode(row: &QueryResult) -> Result<AuditEntry, StoreError> {
    let id: i64 = row.try_get("", "id")?;
    let row = Row::with_key(TABLE, id.to_string(), row);
    Ok(AuditEntry {
        id: row.unsigned("id")?,
        at: Timestamp(row.get("at")?),
        actor: Actor { name: row.get("actor")?, origin: row.get("origin")? },
        revision: row.unsigned("revision")?,
        noun: row.get("noun")?,
        name: row.get("name")?,
        action: row.get("action")?,
        before: row.get("before")?,
        after: row.get("after")?,
        message: row.get("message")?,
        secrets: row.get("secrets")?,
        salt: row.get("salt")?,
        previous: row.get("previous")?,
        hash: row.get("hash")?,
    })
}
