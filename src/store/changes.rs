//! What the four tables of nouns have in common: reading what changed, putting a row, making it a tombstone.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait, IntoIden, OnConflict, Query};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, Iden, Iterable, QueryFilter,
    QueryResult, QueryTrait, Select, StreamTrait,
};
use tokio::sync::mpsc::Sender;
use tokio_stream::{Stream, StreamExt};

use super::error::within;
use super::row::{Row, to_column};
use super::{StoreError, images, machines, revision, rules, templates};
use crate::domain::{Change, Changes, Name, Noun, Stamped};
use crate::seal::Keys;

/// How many changes are handed over at once.
const PIECE: usize = 20_000;

/// How many rows are decoded before others have a turn.
const TURN: usize = 500;

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

/// Where changes go while they are read.
pub(super) struct Sink {
    piece: Vec<Stamped>,
    to: Option<Sender<Vec<Stamped>>>,
    /// The longest wait for one more row.
    pub(super) timeout: Duration,
    /// What opens sealed values.
    keys: Keys,
}

impl Sink {
    /// Hands them over in pieces.
    pub(super) fn to(to: Sender<Vec<Stamped>>, timeout: Duration, keys: &Keys) -> Self {
        Self { piece: Vec::new(), to: Some(to), timeout, keys: keys.clone() }
    }

    /// Keeps them.
    pub(super) fn kept(timeout: Duration, keys: &Keys) -> Self {
        Self { piece: Vec::new(), to: None, timeout, keys: keys.clone() }
    }

    async fn put(&mut self, stamped: Stamped) {
        self.piece.push(stamped);
        if self.piece.len() >= PIECE {
            self.hand_over().await;
        }
        if self.piece.len().is_multiple_of(TURN) {
            tokio::task::yield_now().await;
        }
    }

    /// Hands over what is left.
    pub(super) async fn end(mut self) {
        self.hand_over().await;
    }

    async fn hand_over(&mut self) {
        if let Some(to) = self.to.as_ref().filter(|_| !self.piece.is_empty()) {
            // Whoever takes them no more has a reason, and tells it.
            let _ = to.send(std::mem::take(&mut self.piece)).await;
        }
    }
}

/// All that changed after `revision`, as far as `tx` sees.
pub(super) async fn since(
    tx: &DatabaseTransaction,
    revision: u64,
    timeout: Duration,
    keys: &Keys,
) -> Result<Changes, StoreError> {
    let current = within(timeout, revision::read(tx)).await?.revision;
    let mut sink = Sink::kept(timeout, keys);
    read(tx, revision, current, &mut sink).await?;
    Ok(Changes { revision: current, changes: sink.piece })
}

/// Reads what changed after `revision`, of a catalog that is at `current`.
pub(super) async fn read(
    tx: &DatabaseTransaction,
    revision: u64,
    current: u64,
    into: &mut Sink,
) -> Result<(), StoreError> {
    if revision < current {
        let scope = Scope::After(revision);
        images::load(tx, scope, into).await?;
        templates::load(tx, scope, into).await?;
        rules::load(tx, scope, into).await?;
        machines::load(tx, scope, into).await?;
    }
    Ok(())
}

/// The next row, unless it takes too long: a host that went away without a word ends no result.
pub(super) async fn next<S>(rows: &mut S, timeout: Duration) -> Result<Option<QueryResult>, StoreError>
where
    S: Stream<Item = Result<QueryResult, DbErr>> + Unpin,
{
    within(timeout, async { Ok(rows.next().await.transpose()?) }).await
}

/// What stands under this name.
pub(super) async fn find(
    tx: &DatabaseTransaction,
    noun: Noun,
    name: &Name,
    timeout: Duration,
    keys: &Keys,
) -> Result<Option<Change>, StoreError> {
    let scope = Scope::Live(name);
    let mut found = Sink::kept(timeout, keys);
    match noun {
        Noun::Image => images::load(tx, scope, &mut found).await?,
        Noun::Template => templates::load(tx, scope, &mut found).await?,
        Noun::Machine => machines::load(tx, scope, &mut found).await?,
        Noun::Rule => rules::load(tx, scope, &mut found).await?,
    }
    Ok(found.piece.pop().map(|stamped| stamped.change))
}

/// Appends what the rows in `scope` say.
pub(super) async fn scan<E: EntityTrait>(
    tx: &DatabaseTransaction,
    noun: Noun,
    select: Select<E>,
    scope: Scope<'_>,
    mut decode: impl FnMut(&Row<'_>, Name) -> Result<Change, StoreError>,
    into: &mut Sink,
) -> Result<(), StoreError> {
    let select = select.filter(scope.condition(table(noun))).into_query();
    let keys = into.keys.clone();
    let mut rows = within(into.timeout, async { Ok(tx.stream(&select).await?) }).await?;
    while let Some(row) = next(&mut rows, into.timeout).await? {
        let row = Row::new(table(noun), "name", &row)?.opened_by(&keys);
        let name = row.parse("name")?;
        let revision = row.unsigned("revision")?;
        let change = if row.get("deleted")? { Change::Delete(noun, name) } else { decode(&row, name)? };
        into.put(Stamped { revision, change }).await;
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
