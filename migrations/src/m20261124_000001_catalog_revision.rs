//! The one row that every write locks and bumps, which puts all writes in order.

use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261124_000001_catalog_revision"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("catalog_revision")
                    .col(ColumnDef::new("id").integer().not_null().primary_key().check(Expr::col("id").eq(1)))
                    .col(ColumnDef::new("revision").big_integer().not_null())
                    .take(),
            )
            .await?;
        let first = Query::insert()
            .into_table("catalog_revision")
            .columns(["id", "revision"])
            .values([1.into(), 0.into()])
            .map_err(|e| DbErr::Migration(e.to_string()))?
            .take();
        manager.execute(first).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
