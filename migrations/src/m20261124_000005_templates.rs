//! Templates, and every revision that was ever saved of them.

use sea_orm_migration::prelude::*;

use crate::{noun_table, revision_index};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261124_000005_templates"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                noun_table("templates")
                    .col(ColumnDef::new("kind").text().not_null())
                    .col(ColumnDef::new("head").integer().not_null())
                    .take(),
            )
            .await?;
        manager.create_index(revision_index("templates")).await?;
        // No foreign key to `templates`: the history, and with it the numbering, outlives the purge of a tombstone.
        manager
            .create_table(
                Table::create()
                    .table("template_revisions")
                    .col(ColumnDef::new("template").text().not_null())
                    .col(ColumnDef::new("number").integer().not_null())
                    .col(ColumnDef::new("kind").text().not_null())
                    .col(ColumnDef::new("source").text().not_null())
                    .col(ColumnDef::new("sha256").text().not_null())
                    .col(ColumnDef::new("author").text().not_null())
                    .col(ColumnDef::new("message").text().not_null())
                    .col(ColumnDef::new("created").big_integer().not_null())
                    .primary_key(Index::create().col("template").col("number"))
                    .take(),
            )
            .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
