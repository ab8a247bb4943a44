//! What the four tables of nouns have in common: reading what changed, putting a row, making it a tombstone.

use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, OnConflict, Query};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, Iden, Iterable, QueryFilter,
    QueryTrait, Select, StreamTrait,
};
use tokio_stream::StreamExt;

use super::row::{Row, to_column};
use super::{StoreError, images, machines, revision, rules, templates};
use crate::domain::{Change, Changes, Name, Noun, Stamped};

/// How many statements [`since`] takes, roughly.
pub(super) const STATEMENTS: u32 = 6;

/// Which rows of a noun's table are meant.
#[derive(Clone, Copy)]
pub(super) enum Scope<'a> {
    /// Those that changed after a revision; after 0 all but the tombstones.
    After(u64),
    /// The one with this name, unless it is a tombstone.
    Live(&'a Name),
}

impl Scope<'_> {
    pub(super) fn condition(self, table: impl IntoIden + Copy) -> Expr {
        let live = || Expr::col((table, "deleted")).eq(false);
        match self {
            Self::After(0) => live(),
            Self::After(revision) => Expr::col((table, "revision")).gt(to_column(revision)),
            Self::Live(name) => Expr::col((table, "name")).eq(name.as_str()).and(live()),
        }
    }
}

/// All that changed after `revision`, as far as `tx` sees.
pub(super) async fn since(tx: &DatabaseTransaction, revision: u64) -> Result<Changes, StoreError> {
    let current = revision::read(tx).await?.revision;
    let mut changes = Vec::new();
    if revision < current {
        let scope = Scope::After(revision);
        images::load(tx, scope, &mut changes).await?;
        templates::load(tx, scope, &mut changes).await?;
        rules::load(tx, scope, &mut changes).await?;
        machines::load(tx, scope, &mut changes).await?;
    }
    Ok(Changes { revision: current, changes })
}

/// What stands under this name.
pub(super) async fn find(
    tx: &DatabaseTransaction,
    noun: Noun,
    name: &Name,
) -> Result<Option<Change>, StoreError> {
    let scope = Scope::Live(name);
    let mut found = Vec::new();
    match noun {
        Noun::Image => images::load(tx, scope, &mut found).await?,
        Noun::Template => templates::load(tx, scope, &mut found).await?,
        Noun::Machine => machines::load(tx, scope, &mut found).await?,
        Noun::Rule => rules::load(tx, scope, &mut found).await?,
    }
    Ok(found.pop().map(|stamped| stamped.change))
}

/// Appends what the rows in `scope` say.
pub(super) async fn scan<E: EntityTrait>(
    tx: &DatabaseTransaction,
    noun: Noun,
    select: Select<E>,
    scope: Scope<'_>,
    mut decode: impl FnMut(&Row<'_>, Name) -> Result<Change, StoreError>,
    into: &mut Vec<Stamped>,
) -> Result<(), StoreError> {
    let select = select.filter(scope.condition(table(noun))).into_query();
    let mut rows = tx.stream(&select).await?;
    while let Some(row) = rows.next().await {
        let row = row?;
        let row = Row::new(table(noun), "name", &row)?;
        let name = row.parse("name")?;
        let revision = row.unsigned("revision")?;
        let change = if row.get("deleted")? { Change::Delete(noun, name) } else { decode(&row, name)? };
        into.push(Stamped { revision, change });
    }
    Ok(())
}

/// Puts a row in place of whatever has its name, a tombstone perhaps.
pub(super) async fn upsert<A: ActiveModelTrait>(tx: &DatabaseTransaction, row: A) -> Result<(), StoreError> {
    type ColumnOf<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Column;
    let others = ColumnOf::<A>::iter().filter(|column| column.unquoted() != "name");
    let replace = OnConflict::column("name").update_columns(others).to_owned();
    A::Entity::insert(row).on_conflict(replace).exec_without_returning(tx).await?;
    Ok(())
}

/// Makes the row a tombstone, by which readers learn that it is gone.
pub(super) async fn bury(
    tx: &DatabaseTransaction,
    noun: Noun,
    name: &Name,
    revision: u64,
) -> Result<(), StoreError> {
    let update = Query::update()
        .table(table(noun))
        .value("deleted", true)
        .value("revision", to_column(revision))
        .and_where(Expr::col("name").eq(name.as_str()))
        .take();
    tx.execute(&update).await?;
    Ok(())
}

fn table(noun: Noun) -> &'static str {
    match noun {
        Noun::Image => "images",
        Noun::Template => "templates",
        Noun::Machine => "machines",
        Noun::Rule => "rules",
    }
}
