//! Labels on images, rules and templates; machines had them from the beginning.

use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261124_000007_labels"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["images", "rules", "templates"] {
            let labels = ColumnDef::new("labels").text().not_null().default("{}").take();
            manager.alter_table(Table::alter().table(table).add_column(labels).take()).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
