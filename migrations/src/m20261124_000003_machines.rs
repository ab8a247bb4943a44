//! Machines, and the MAC addresses that no two of them share.

use sea_orm_migration::prelude::*;

use crate::{noun_table, revision_index};

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261124_000003_machines"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                noun_table("machines")
                    .col(ColumnDef::new("uuid").text().unique_key())
                    .col(ColumnDef::new("serial").text())
                    // The serial in lower case: serials are compared without regard to ASCII case.
                    .col(ColumnDef::new("serial_key").text().unique_key())
                    .col(ColumnDef::new("hostname").text())
                    .col(ColumnDef::new("labels").text().not_null())
                    .col(ColumnDef::new("params").text().not_null())
                    .col(ColumnDef::new("image").text())
                    .col(ColumnDef::new("templates").text().not_null())
                    .take(),
            )
            .await?;
        manager.create_index(revision_index("machines")).await?;
        manager
            .create_table(
                Table::create()
                    .table("machine_macs")
                    .col(ColumnDef::new("mac").text().not_null().primary_key())
                    .col(ColumnDef::new("machine").text().not_null())
                    .col(ColumnDef::new("position").integer().not_null())
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_machine_macs_machine")
                            .from("machine_macs", "machine")
                            .to("machines", "name")
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .take(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("idx_machine_macs_machine_position")
                    .table("machine_macs")
                    .col("machine")
                    .col("position")
                    .unique()
                    .take(),
            )
            .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
