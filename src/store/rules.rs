//! The table of rules.

use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, IntoActiveModel};

use super::StoreError;
use super::changes::{Scope, Sink, scan, upsert};
use super::row::{Row, to_column, to_json, to_sealed_json};
use crate::domain::{Change, Name, Noun, Rule};
use crate::seal::Keys;

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "rules")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) name: String,
    pub(super) priority: i32,
    pub(super) selector: String,
    pub(super) image: Option<String>,
    pub(super) labels: String,
    pub(super) params: String,
    pub(super) templates: String,
    pub(super) revision: i64,
    pub(super) deleted: bool,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

pub(super) async fn load(
    tx: &DatabaseTransaction,
    scope: Scope<'_>,
    into: &mut Sink,
) -> Result<(), StoreError> {
    scan(tx, Noun::Rule, Entity::find(), scope, |row, name| Ok(Change::Rule(decode(row, name)?)), into).await
}

pub(super) async fn save(
    tx: &DatabaseTransaction,
    rule: &Rule,
    revision: u64,
    keys: &Keys,
) -> Result<(), StoreError> {
    let row = Model {
        name: rule.name.to_string(),
        priority: rule.priority,
        selector: to_json(&rule.selector)?,
        image: rule.image.as_ref().map(ToString::to_string),
        labels: to_json(&rule.labels)?,
        params: to_sealed_json(keys, "rules", rule.name.as_str(), "params", &rule.params)?,
        templates: to_json(&rule.templates)?,
        revision: to_column(revision),
        deleted: false,
    };
    upsert(tx, row.into_active_model()).await
}

fn decode(row: &Row<'_>, name: Name) -> Result<Rule, StoreError> {
    Ok(Rule {
        name,
        priority: row.get("priority")?,
        selector: row.json("selector")?,
        image: row.parse_option("image")?,
        labels: row.json("labels")?,
        params: row.sealed_json("params")?,
        templates: row.json("templates")?,
    })
}
