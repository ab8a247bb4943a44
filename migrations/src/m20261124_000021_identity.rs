//! A random name of this database, by which a copy of its catalog elsewhere is known to be of it and of no other.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261124_000021_identity"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let identity = ColumnDef::new("identity").text().not_null().default("").take();
        manager.alter_table(Table::alter().table("catalog_revision").add_column(identity).take()).await?;
        let random = match manager.get_database_backend() {
            DbBackend::Sqlite => "lower(hex(randomblob(16)))",
            // Since version 13 without an extension.
            _ => "replace(gen_random_uuid()::text, '-', '')",
        };
        let set = Query::update().table("catalog_revision").value("identity", Expr::cust(random)).take();
        manager.execute(set).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
