//! The end of the chain, to which the next entry is tied.

use pxe_init_migrations::{AuditLink, BEGINNING};
use sea_orm::sea_query::{Expr, Order, Query};
use sea_orm::{ConnectionTrait, DbBackend};

use super::super::StoreError;
use super::super::row::Row;
use super::TABLE;
use crate::domain::AuditEntry;

/// Where the chain ends, and a salt for what is added. Whoever has it holds the lock of the catalog's revision, so that nobody
/// else adds anything.
pub(in crate::store) struct ChainEnd {
    /// The hash of the last entry.
    pub(super) hash: String,
    /// The same for all entries of one transaction: it only must not be known to who has none of them.
    pub(super) salt: String,
}

impl ChainEnd {
    pub(in crate::store) async fn read(connection: &impl ConnectionTrait) -> Result<Self, StoreError> {
        let random = match connection.get_database_backend() {
            DbBackend::Sqlite => "lower(hex(randomblob(16)))",
            _ => "replace(gen_random_uuid()::text, '-', '')",
        };
        let last =
            Query::select().columns(["id", "hash"]).from(TABLE).order_by("id", Order::Desc).limit(1).take();
        let hash = match connection.query_one(&last).await? {
            Some(row) => {
                let id: i64 = row.try_get("", "id")?;
                Row::with_key(TABLE, id.to_string(), &row).get("hash")?
            }
            None => BEGINNING.to_owned(),
        };
        let fresh = Query::select().expr_as(Expr::cust(random), "salt").take();
        let row = connection.query_one(&fresh).await?;
        let row = row.ok_or_else(|| StoreError::unavailable("it gave no random number"))?;
        Ok(Self { hash, salt: Row::with_key(TABLE, "?".to_owned(), &row).get("salt")? })
    }
}

/// The hash that an entry must have.
pub fn audit_hash(entry: &AuditEntry) -> String {
    AuditLink {
        previous: &entry.previous,
        salt: &entry.salt,
        revision: super::to_column(entry.revision),
        at: entry.at.0,
        actor: &entry.actor.name,
        origin: &entry.actor.origin,
        noun: &entry.noun,
        name: &entry.name,
        action: &entry.action,
        before: entry.before.as_deref(),
        after: entry.after.as_deref(),
        message: &entry.message,
        secrets: &entry.secrets,
    }
    .hash()
}

/// What the first entry has in the place of the hash of the one before.
pub const AUDIT_BEGINNING: &str = BEGINNING;
