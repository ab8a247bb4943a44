//! The secret of which the tokens of boots are made, the same for all servers of this database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261124_000072_boot_key"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let key = ColumnDef::new("boot_key").text().not_null().default("").take();
        manager.alter_table(Table::alter().table("catalog_revision").add_column(key).take()).await?;
        let random = match manager.get_database_backend() {
            DbBackend::Sqlite => "lower(hex(randomblob(32)))",
            _ => "replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')",
        };
        let set = Query::update().table("catalog_revision").value("boot_key", Expr::cust(random)).take();
        manager.execute(set).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
