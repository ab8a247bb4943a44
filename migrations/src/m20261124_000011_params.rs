//! What images declare of the params that they take.

use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261124_000011_params"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let declares = ColumnDef::new("declares").text().not_null().default("{}").take();
        manager.alter_table(Table::alter().table("images").add_column(declares).take()).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
