//! The table that says who changed what. Each row has the hash of the one before, and nothing here changes or deletes one.

mod chain;
mod denied;
mod read;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue, DatabaseTransaction};
use serde::{Deserialize, Serialize};

use super::row::{seal_text, to_column, to_json};
use super::{StoreError, history};
use crate::domain::{Actor, AuditEntry, Change, Kind, Labels, Name, Params, Revision, Timestamp};
use crate::seal::Keys;

pub use chain::{AUDIT_BEGINNING, audit_hash};

pub(super) use chain::ChainEnd;
pub(super) use tokens::note_token;

const TABLE: &str = "audit";

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub(super) struct Model {
    #[sea_orm(primary_key)]
    pub(super) id: i64,
    pub(super) revision: i64,
    pub(super) at: i64,
    pub(super) actor: String,
    pub(super) origin: String,
    pub(super) noun: String,
    pub(super) name: String,
    pub(super) action: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) message: String,
    pub(super) previous: String,
    pub(super) salt: String,
    pub(super) hash: String,
    pub(super) secrets: String,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// One change, for the record.
pub(super) struct Entry<'a> {
    pub(super) revision: u64,
    pub(super) at: Timestamp,
    pub(super) actor: &'a Actor,
    pub(super) before: Option<&'a Change>,
    pub(super) after: &'a Change,
    pub(super) message: &'a str,
    /// The names of the params that are secret now.
    pub(super) secrets: &'a BTreeSet<String>,
}

/// What an entry says.
struct Content<'a> {
    revision: u64,
    at: Timestamp,
    actor: &'a Actor,
    noun: &'a str,
    name: &'a str,
    action: &'a str,
    before: Option<String>,
    after: Option<String>,
    message: &'a str,
    secrets: String,
}

/// What is noted of a template.
#[derive(Serialize, Deserialize)]
pub(super) struct TemplateNote {
    pub(super) name: Name,
    pub(super) kind: Kind,
    pub(super) head: Revision,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) labels: Labels,
    pub(super) sha256: String,
}

/// Adds a change to the chain.
pub(super) async fn append(
    tx: &DatabaseTransaction,
    entry: Entry<'_>,
    end: &mut ChainEnd,
    keys: &Keys,
) -> Result<(), StoreError> {
    let after = json(entry.after)?;
    let action = match (entry.before, &after) {
        (_, None) => "delete",
        (None, Some(_)) => "create",
        (Some(_), Some(_)) => "update",
    };
    let given = entry.before.into_iter().chain([entry.after]).filter_map(params).flat_map(Params::keys);
    let secrets: BTreeSet<&String> = given.filter(|name| entry.secrets.contains(*name)).collect();
    let content = Content {
        revision: entry.revision,
        at: entry.at,
        actor: entry.actor,
        noun: entry.after.noun().as_str(),
        name: entry.after.name().as_str(),
        action,
        before: entry.before.map(json).transpose()?.flatten(),
        after,
        message: entry.message,
        secrets: to_json(&secrets)?,
    };
    add(tx, content, end, keys).await
}

/// Adds an entry to the chain, which ends with it then.
async fn add(
    tx: &DatabaseTransaction,
    content: Content<'_>,
    end: &mut ChainEnd,
    keys: &Keys,
) -> Result<(), StoreError> {
    let Content { revision, at, actor, noun, name, action, before, after, message, secrets } = content;
    let entry = AuditEntry {
        id: 0,
        at,
        actor: actor.clone(),
        revision,
        noun: noun.to_owned(),
        name: name.to_owned(),
        action: action.to_owned(),
        before,
        after,
        message: message.to_owned(),
        secrets,
        salt: end.salt.clone(),
        previous: end.hash.clone(),
        hash: String::new(),
    };
    let hash = audit_hash(&entry);
    // The hash is of what is in clear, so that other keys change nothing of the chain.
    let sealed =
        |column, text: Option<String>| text.map(|text| seal_text(keys, TABLE, "", column, &text)).transpose();
    let row = ActiveModel {
        id: ActiveValue::NotSet,
        revision: ActiveValue::Set(to_column(entry.revision)),
        at: ActiveValue::Set(entry.at.0),
        actor: ActiveValue::Set(entry.actor.name),
        origin: ActiveValue::Set(entry.actor.origin),
        noun: ActiveValue::Set(entry.noun),
        name: ActiveValue::Set(entry.name),
        action: ActiveValue::Set(entry.action),
        before: ActiveValue::Set(sealed("before", entry.before)?),
        after: ActiveValue::Set(sealed("after", entry.after)?),
        message: ActiveValue::Set(entry.message),
        previous: ActiveValue::Set(entry.previous),
        salt: ActiveValue::Set(seal_text(keys, TABLE, "", "salt", &entry.salt)?),
        hash: ActiveValue::Set(hash.clone()),
        secrets: ActiveValue::Set(entry.secrets),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    end.hash = hash;
    Ok(())
}

fn params(change: &Change) -> Option<&Params> {
    match change {
        Change::Image(image) => Some(&image.params),
        Change::Machine(machine) => Some(&machine.params),
        Change::Rule(rule) => Some(&rule.params),
        Change::Template(_) | Change::Delete(..) => None,
    }
}

/// The noun as JSON; `None` of a deletion. A template's source is left to the table of revisions, which keeps it for
/// ever, and only its hash is noted.
fn json(change: &Change) -> Result<Option<String>, StoreError> {
    match change {
        Change::Image(image) => to_json(image),
        Change::Machine(machine) => to_json(machine),
        Change::Rule(rule) => to_json(rule),
        Change::Template(template) => to_json(&TemplateNote {
            name: template.name.clone(),
            kind: template.kind,
            head: template.head,
            labels: template.labels.clone(),
            sha256: history::sha256(&template.source),
        }),
        Change::Delete(..) => return Ok(None),
    }
    .map(Some)
}
