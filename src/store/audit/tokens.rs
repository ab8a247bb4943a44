//! Notes that tokens were made and revoked.

use sea_orm::DatabaseTransaction;
use serde_json::json;

use super::super::StoreError;
use super::{ChainEnd, Content, add};
use crate::domain::{Actor, TOKEN, Timestamp, Token};
use crate::seal::Keys;

/// Notes what became of a token, in the transaction that does it: `None` after it was revoked. Its text is in no database,
/// and its hash is no matter of the audit.
pub(in crate::store) async fn note_token(
    tx: &DatabaseTransaction,
    actor: &Actor,
    at: Timestamp,
    (before, after): (Option<&Token>, Option<&Token>),
    keys: &Keys,
) -> Result<(), StoreError> {
    let Some(token) = after.or(before) else { return Ok(()) };
    let told = |token: &Token| {
        let expires = token.expires.map(|at| at.0);
        json!({ "role": token.role.as_str(), "secrets": token.secrets, "expires_ms": expires }).to_string()
    };
    let content = Content {
        revision: 0,
        at,
        actor,
        noun: TOKEN,
        name: token.name.as_str(),
        action: if after.is_some() { "create" } else { "delete" },
        before: before.map(told),
        after: after.map(told),
        message: "",
        secrets: "[]".to_owned(),
    };
    add(tx, content, &mut ChainEnd::read(tx).await?, keys).await
}
