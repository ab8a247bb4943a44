//! The table of template revisions: every save of every template, also of deleted ones, for ever.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{DatabaseTransaction, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};
use sha2::{Digest, Sha256};

use super::StoreError;
use super::row::Row;
use crate::domain::{Name, Revision, RevisionInfo, Template, Timestamp};

const TABLE: &str = "template_revisions";

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "template_revisions")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) template: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) number: i32,
    pub(super) kind: String,
    pub(super) source: String,
    pub(super) sha256: String,
    pub(super) author: String,
    pub(super) message: String,
    pub(super) created: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// Saves the source as the next revision, and gives the template with that as its head. The numbering goes on
/// where a deleted template of the same name left off, so that a number never means two sources.
pub(super) async fn append(
    tx: &DatabaseTransaction,
    template: &Template,
    author: &str,
    message: &str,
    created: Timestamp,
) -> Result<Template, StoreError> {
    let head = last(tx, &template.name).await? + 1;
    let row = Model {
        template: template.name.to_string(),
        number: to_column(head),
        kind: template.kind.to_string(),
        source: template.source.to_string(),
        sha256: sha256(&template.source),
        author: author.to_owned(),
        message: message.to_owned(),
        created: created.0,
    };
    Entity::insert(row.into_active_model()).exec_without_returning(tx).await?;
    Ok(Template { head, ..template.clone() })
}

pub(super) async fn list(
    connection: &impl ConnectionTrait,
    name: &Name,
    before: Option<Revision>,
    limit: u32,
) -> Result<Vec<RevisionInfo>, StoreError> {
    let mut select = Entity::find()
        .select_only()
        .columns([Column::Number, Column::Sha256, Column::Author, Column::Message, Column::Created])
        .filter(Column::Template.eq(name.as_str()))
        .order_by_desc(Column::Number)
        .limit(u64::from(limit));
    if let Some(before) = before {
        select = select.filter(Column::Number.lt(to_column(before)));
    }
    let rows = connection.query_all(&select.into_query()).await?;
    rows.iter().map(|row| decode(&Row::with_key(TABLE, name.to_string(), row))).collect()
}

pub(super) async fn get(
    connection: &impl ConnectionTrait,
    name: &Name,
    number: Revision,
) -> Result<Option<Template>, StoreError> {
    let select = Entity::find_by_id((name.to_string(), to_column(number))).into_query();
    let Some(row) = connection.query_one(&select).await? else { return Ok(None) };
    let row = Row::with_key(TABLE, format!("{name} {number}"), &row);
    let source: String = row.get("source")?;
    Ok(Some(Template { head: number, ..Template::new(name.clone(), row.parse("kind")?, source) }))
}

/// SHA-256 in lower-case hexadecimal.
pub(super) fn sha256(source: &str) -> String {
    Sha256::digest(source).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A number as the databases keep it. Nobody saves a template two thousand million times.
pub(super) fn to_column(number: Revision) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

async fn last(tx: &DatabaseTransaction, name: &Name) -> Result<Revision, StoreError> {
    let select = Query::select()
        .expr_as(ExprTrait::max(Expr::col(Column::Number)), "last")
        .from(Entity)
        .and_where(Column::Template.eq(name.as_str()))
        .take();
    let Some(row) = tx.query_one(&select).await? else { return Ok(0) };
    let row = Row::with_key(TABLE, name.to_string(), &row);
    let last: Option<i32> = row.get("last")?;
    u32::try_from(last.unwrap_or(0)).map_err(|e| row.bad("number", e))
}

fn decode(row: &Row<'_>) -> Result<RevisionInfo, StoreError> {
    Ok(RevisionInfo {
        number: row.number("number")?,
        sha256: row.get("sha256")?,
        author: row.get("author")?,
        message: row.get("message")?,
        created: Timestamp(row.get("created")?),
    })
}
