//! Bearer tokens: their hashes, and what their holders may do.

use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261124_000061_tokens"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Not by name: one that was revoked stays for the record, and its name is free again.
        manager
            .create_table(
                Table::create()
                    .table("tokens")
                    .col(ColumnDef::new("sha256").text().not_null().primary_key())
                    .col(ColumnDef::new("name").text().not_null())
                    .col(ColumnDef::new("role").text().not_null())
                    .col(ColumnDef::new("secrets").boolean().not_null())
                    .col(ColumnDef::new("created").big_integer().not_null())
                    .col(ColumnDef::new("created_by").text().not_null())
                    .col(ColumnDef::new("expires").big_integer())
                    .col(ColumnDef::new("last_used").big_integer())
                    .col(ColumnDef::new("revoked").big_integer())
                    .col(ColumnDef::new("revoked_by").text().not_null())
                    .take(),
            )
            .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
