//! The table that says who changed what.

use std::collections::BTreeMap;

use sea_orm::entity::prelude::*;
use sea_orm::{ActiveValue, DatabaseTransaction};
use serde::{Deserialize, Serialize};

use super::row::{to_column, to_json};
use super::{StoreError, history};
use crate::domain::{Actor, Change, Kind, Labels, Name, Revision, Timestamp};

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

pub(super) async fn append(tx: &DatabaseTransaction, entry: Entry<'_>) -> Result<(), StoreError> {
    let after = json(entry.after)?;
    let action = match (entry.before, &after) {
        (_, None) => "delete",
        (None, Some(_)) => "create",
        (Some(_), Some(_)) => "update",
    };
    let row = ActiveModel {
        id: ActiveValue::NotSet,
        revision: ActiveValue::Set(to_column(entry.revision)),
        at: ActiveValue::Set(entry.at.0),
        actor: ActiveValue::Set(entry.actor.name.clone()),
        origin: ActiveValue::Set(entry.actor.origin.clone()),
        noun: ActiveValue::Set(entry.after.noun().to_string()),
        name: ActiveValue::Set(entry.after.name().to_string()),
        action: ActiveValue::Set(action.to_owned()),
        before: ActiveValue::Set(entry.before.map(json).transpose()?.flatten()),
        after: ActiveValue::Set(after),
        message: ActiveValue::Set(entry.message.to_owned()),
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(())
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
