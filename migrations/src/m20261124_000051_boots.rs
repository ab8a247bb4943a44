//! What machines were answered, and the machines that asked and are not registered.

use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261124_000051_boots"
    }
}

fn text(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).text().take()
}

fn number(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().not_null().take()
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The identifier sorts by time, so its index is the one by time too.
        let mut boots = Table::create();
        boots.table("boots").col(text("id").not_null().primary_key()).col(number("at"));
        for column in ["mac", "uuid", "serial", "machine", "rule", "image", "template", "incident", "problem"]
        {
            boots.col(text(column));
        }
        for column in
            ["client", "asked", "outcome", "facts", "sha256", "base_url", "replica", "program", "settings"]
        {
            boots.col(text(column).not_null());
        }
        boots.col(number("revision")).col(number("bytes")).col(number("micros"));
        manager.create_table(boots).await?;
        for column in ["machine", "mac"] {
            let index = Index::create()
                .name(format!("idx_boots_{column}_id"))
                .table("boots")
                .col(column)
                .col("id")
                .take();
            manager.create_index(index).await?;
        }
        let mut discovered = Table::create();
        discovered.table("discovered").col(text("identity").not_null().primary_key());
        for column in ["mac", "uuid", "serial", "manufacturer", "product", "rule", "template"] {
            discovered.col(text(column));
        }
        for column in ["client", "asked", "outcome"] {
            discovered.col(text(column).not_null());
        }
        discovered.col(number("first_at")).col(number("last_at")).col(number("times"));
        manager.create_table(discovered).await?;
        manager
            .create_index(
                Index::create().name("idx_discovered_last").table("discovered").col("last_at").take(),
            )
            .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
