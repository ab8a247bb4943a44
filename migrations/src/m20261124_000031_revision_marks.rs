//! A random mark of each of the newest revisions, by which a replica knows that its catalog is an earlier state of this
//! one: a backup that was restored and written to has the same revisions once more.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261124_000031_revision_marks"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mark = ColumnDef::new("mark").text().not_null().default("").take();
        manager.alter_table(Table::alter().table("catalog_revision").add_column(mark).take()).await?;
        let random = match manager.get_database_backend() {
            DbBackend::Sqlite => "lower(hex(randomblob(16)))",
            _ => "replace(gen_random_uuid()::text, '-', '')",
        };
        let set = Query::update().table("catalog_revision").value("mark", Expr::cust(random)).take();
        manager.execute(set).await?;
        manager
            .create_table(
                Table::create()
                    .table("revision_marks")
                    .col(ColumnDef::new("revision").big_integer().not_null().primary_key())
                    .col(ColumnDef::new("mark").text().not_null())
                    .take(),
            )
            .await?;
        let current = Query::select().columns(["revision", "mark"]).from("catalog_revision").take();
        let first = Query::insert()
            .into_table("revision_marks")
            .columns(["revision", "mark"])
            .select_from(current)
            .map_err(|e| DbErr::Migration(e.to_string()))?
            .take();
        manager.execute(first).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
