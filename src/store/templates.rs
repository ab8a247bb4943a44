//! The table of templates. Their sources are in the table of revisions.

use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, IntoActiveModel, JoinType, QuerySelect};

use super::StoreError;
use super::changes::{Scope, Sink, scan, upsert};
use super::history;
use super::row::{Row, to_column, to_json};
use crate::domain::{Change, Name, Noun, Template};

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "templates")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) head: i32,
    pub(super) labels: String,
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
    let head = Entity::belongs_to(history::Entity)
        .from((Column::Name, Column::Head))
        .to((history::Column::Template, history::Column::Number))
        .into();
    // LEFT, so that a template whose head revision is missing is a bad row, and not silently no template.
    let select = Entity::find().column(history::Column::Source).join(JoinType::LeftJoin, head);
    scan(tx, Noun::Template, select, scope, |row, name| Ok(Change::Template(decode(row, name)?)), into).await
}

/// `template.head` must be a revision that is there.
pub(super) async fn save(
    tx: &DatabaseTransaction,
    template: &Template,
    revision: u64,
) -> Result<(), StoreError> {
    let row = Model {
        name: template.name.to_string(),
        kind: template.kind.to_string(),
        head: history::to_column(template.head),
        labels: to_json(&template.labels)?,
        revision: to_column(revision),
        deleted: false,
    };
    upsert(tx, row.into_active_model()).await
}

fn decode(row: &Row<'_>, name: Name) -> Result<Template, StoreError> {
    let source: Option<String> = row.get("source")?;
    Ok(Template {
        name,
        kind: row.parse("kind")?,
        head: row.number("head")?,
        labels: row.json("labels")?,
        source: source.ok_or_else(|| row.bad("head", "there is no such revision"))?.into(),
    })
}
