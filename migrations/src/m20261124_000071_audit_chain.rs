//! Chains the rows of the audit by their hashes, those that are there already too.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};

use crate::audit_chain::{AuditLink, BEGINNING};

pub(crate) struct Migration;

/// Rows that are read at once.
const PAGE: u64 = 1000;

const COLUMNS: [&str; 13] = [
    "id", "revision", "at", "actor", "origin", "noun", "name", "action", "before", "after", "message",
    "salt", "secrets",
];

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261124_000071_audit_chain"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, default) in [("previous", ""), ("salt", ""), ("hash", ""), ("secrets", "[]")] {
            let column = ColumnDef::new(name).text().not_null().default(default).take();
            manager.alter_table(Table::alter().table("audit").add_column(column).take()).await?;
        }
        let random = match manager.get_database_backend() {
            DbBackend::Sqlite => "lower(hex(randomblob(16)))",
            _ => "replace(gen_random_uuid()::text, '-', '')",
        };
        // Evaluated for each row: both functions are volatile.
        let salt = Query::update().table("audit").value("salt", Expr::cust(random)).take();
        manager.execute(salt).await?;
        let mut previous = BEGINNING.to_owned();
        let mut after = i64::MIN;
        loop {
            let page = Query::select()
                .columns(COLUMNS)
                .from("audit")
                .and_where(Expr::col("id").gt(after))
                .order_by("id", Order::Asc)
                .limit(PAGE)
                .take();
            let rows = manager.get_connection().query_all(&page).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.try_get("", "id")?;
            for row in &rows {
                previous = chain(manager, row, previous).await?;
            }
        }
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// Writes the hash of this row and the one before it; gives the former.
async fn chain(manager: &SchemaManager<'_>, row: &QueryResult, previous: String) -> Result<String, DbErr> {
    let text = |column: &str| row.try_get::<String>("", column);
    let (actor, origin, noun, name) = (text("actor")?, text("origin")?, text("noun")?, text("name")?);
    let (action, message, salt, secrets) =
        (text("action")?, text("message")?, text("salt")?, text("secrets")?);
    let (before, after): (Option<String>, Option<String>) =
        (row.try_get("", "before")?, row.try_get("", "after")?);
    let hash = AuditLink {
        previous: &previous,
        salt: &salt,
        revision: row.try_get("", "revision")?,
        at: row.try_get("", "at")?,
        actor: &actor,
        origin: &origin,
        noun: &noun,
        name: &name,
        action: &action,
        before: before.as_deref(),
        after: after.as_deref(),
        message: &message,
        secrets: &secrets,
    }
    .hash();
    let connection = manager.get_connection();
    let backend = connection.get_database_backend();
    let id: i64 = row.try_get("", "id")?;
    let values = [previous.into(), hash.clone().into(), id.into()];
    let sql = "UPDATE audit SET previous = $1, hash = $2 WHERE id = $3";
    connection.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    Ok(hash)
}
