//! Images.

use sea_orm_migration::prelude::*;

use crate::{noun_table, revision_index};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261124_000002_images"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                noun_table("images")
                    .col(ColumnDef::new("kernel").text())
                    .col(ColumnDef::new("initrds").text().not_null())
                    .col(ColumnDef::new("rootfs").text())
                    .col(ColumnDef::new("args").text().not_null())
                    .col(ColumnDef::new("arch").text())
                    .col(ColumnDef::new("params").text().not_null())
                    .col(ColumnDef::new("templates").text().not_null())
                    .take(),
            )
            .await?;
        manager.create_index(revision_index("images")).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
