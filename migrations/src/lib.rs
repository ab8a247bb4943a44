//! The schema, as ordered migrations that run alike on SQLite and on Postgres.
//!
//! Rules for the next one:
//! - One idea a file, named by its date and a number. The name is stored in every database: never rename one, and
//!   never change one that was released.
//! - Portable types only: `TEXT`, `BIGINT`, `INTEGER`, `BOOLEAN`. JSON is stored as text, points in time as
//!   milliseconds since 1970, UUIDs and MACs as their canonical text.
//! - Foreign keys belong into `create_table`, and one alteration changes one thing: SQLite can do no more.
//! - The server runs them all in one transaction, so nothing may depend on being outside of one.

use sea_orm_migration::prelude::*;

mod audit_chain;
mod m20261124_000001_catalog_revision;
mod m20261124_000002_images;
mod m20261124_000003_machines;
mod m20261124_000004_rules;
mod m20261124_000005_templates;
mod m20261124_000006_audit;
mod m20261124_000007_labels;
mod m20261124_000011_params;
mod m20261124_000021_identity;
mod m20261124_000031_revision_marks;
mod m20261124_000051_boots;
mod m20261124_000061_tokens;
mod m20261124_000071_audit_chain;
mod m20261124_000072_boot_key;

pub use audit_chain::{AuditLink, BEGINNING};

/// Brings a database to the schema of this version.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261124_000001_catalog_revision::Migration),
            Box::new(m20261124_000002_images::Migration),
            Box::new(m20261124_000003_machines::Migration),
            Box::new(m20261124_000004_rules::Migration),
            Box::new(m20261124_000005_templates::Migration),
            Box::new(m20261124_000006_audit::Migration),
            Box::new(m20261124_000007_labels::Migration),
            Box::new(m20261124_000011_params::Migration),
            Box::new(m20261124_000021_identity::Migration),
            Box::new(m20261124_000031_revision_marks::Migration),
            Box::new(m20261124_000051_boots::Migration),
            Box::new(m20261124_000061_tokens::Migration),
            Box::new(m20261124_000071_audit_chain::Migration),
            Box::new(m20261124_000072_boot_key::Migration),
        ]
    }
}

/// The columns that every noun has: its name, what templates and rules never see of it, and how readers follow it.
fn noun_table(name: &'static str) -> TableCreateStatement {
    Table::create()
        .table(name)
        .col(ColumnDef::new("name").text().not_null().primary_key())
        .col(ColumnDef::new("revision").big_integer().not_null())
        .col(ColumnDef::new("deleted").boolean().not_null())
        .take()
}

/// Readers ask for the rows that are newer than what they know.
fn revision_index(table: &'static str) -> IndexCreateStatement {
    Index::create().name(format!("idx_{table}_revision")).table(table).col("revision").take()
}
