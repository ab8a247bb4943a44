//! Who changed what, when, and how it was before and after.

use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261124_000006_audit"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table("audit")
                    .col(ColumnDef::new("id").big_integer().not_null().auto_increment().primary_key())
                    .col(ColumnDef::new("revision").big_integer().not_null())
                    .col(ColumnDef::new("at").big_integer().not_null())
                    .col(ColumnDef::new("actor").text().not_null())
                    .col(ColumnDef::new("origin").text().not_null())
                    .col(ColumnDef::new("noun").text().not_null())
                    .col(ColumnDef::new("name").text().not_null())
                    .col(ColumnDef::new("action").text().not_null())
                    .col(ColumnDef::new("before").text())
                    .col(ColumnDef::new("after").text())
                    .col(ColumnDef::new("message").text().not_null())
                    .take(),
            )
            .await?;
        manager
            .create_index(Index::create().name("idx_audit_revision").table("audit").col("revision").take())
            .await?;
        manager
            .create_index(
                Index::create().name("idx_audit_noun_name").table("audit").col("noun").col("name").take(),
            )
            .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
