//! Sealing anew all that is sealed, with the key that is to be used from now on.

use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction, Value};

use super::error::within;
use super::row::{Row, open_text, seal_text};
use super::{Store, StoreError, connect, revision};
use crate::seal::Keys;

/// Rows that are read at once.
const PAGE: u64 = 500;

/// The tables with sealed columns, and the column that tells their rows apart.
const TABLES: [(&str, &str, &[&str]); 5] = [
    ("images", "name", &["params", "declares"]),
    ("rules", "name", &["params"]),
    ("machines", "name", &["params"]),
    ("audit", "id", &["before", "after", "salt"]),
    ("catalog_revision", "id", &["boot_key"]),
];

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Values that were sealed anew.
    pub changed: u64,
    /// Values that were sealed with this key already, or have nothing to seal.
    pub unchanged: u64,
}

impl Store {
    /// Seals every value with the key that is to be used from now on, all or none. Those in clear are sealed too. Nothing that
    /// anybody reads changes by it, and so no revision is made.
    ///
    /// # Errors
    /// [`StoreError::BadRow`] for the first that can not be opened, or [`StoreError::Unavailable`].
    pub async fn reseal(&self) -> Result<Resealed, StoreError> {
        let limit = self.statement_timeout();
        let turn = tokio::time::timeout(self.options.acquire_timeout, Arc::clone(&self.turn).acquire_owned());
        let Ok(Ok(_turn)) = turn.await else {
            return Err(StoreError::unavailable("other writes took too long; try again"));
        };
        let begin = async {
            let tx = connect::begin_write(&self.connection).await?;
            // So that nobody else writes anything meanwhile.
            revision::lock(&tx).await?;
            Ok(tx)
        };
        let tx = within(limit, begin).await?;
        let mut done = Resealed::default();
        for (table, id, columns) in TABLES {
            let mut after = None;
            loop {
                let page = within(limit, page(&tx, table, id, columns, after.as_ref())).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.0.clone());
                for row in page {
                    within(limit, reseal(&tx, &self.options.keys, table, id, row, &mut done)).await?;
                }
            }
        }
        within(limit, async { Ok(tx.commit().await?) }).await?;
        Ok(done)
    }
}

/// The identity of a row, and what its columns have.
type Found = (Value, String, Vec<(&'static str, Option<String>)>);

async fn page(
    tx: &DatabaseTransaction,
    table: &'static str,
    id: &'static str,
    columns: &[&'static str],
    after: Option<&Value>,
) -> Result<Vec<Found>, StoreError> {
    let mut select = Query::select();
    select.column(id).columns(columns.iter().copied()).from(table).order_by(id, Order::Asc).limit(PAGE);
    if let Some(after) = after {
        select.and_where(Expr::col(id).gt(after.clone()));
    }
    let rows = tx.query_all(&select).await?;
    let found = rows.iter().map(|row| {
        let (value, key): (Value, String) = match id {
            "name" => {
                let name: String = row.try_get("", id)?;
                (name.clone().into(), name)
            }
            _ => {
                // One table has a small number and one a big one.
                let number: i64 =
                    row.try_get("", id).or_else(|_| row.try_get::<i32>("", id).map(i64::from))?;
                (number.into(), number.to_string())
            }
        };
        let row = Row::with_key(table, key.clone(), row);
        let cells = columns.iter().map(|column| Ok((*column, row.get::<Option<String>>(column)?)));
        Ok((value, key, cells.collect::<Result<_, StoreError>>()?))
    });
    found.collect()
}

async fn reseal(
    tx: &DatabaseTransaction,
    keys: &Keys,
    table: &'static str,
    id: &'static str,
    (value, key, cells): Found,
    done: &mut Resealed,
) -> Result<(), StoreError> {
    let mut update = Query::update();
    update.table(table).and_where(Expr::col(id).eq(value));
    let before = done.changed;
    for (column, text) in cells {
        let Some(text) = text.filter(|text| !keys.is_current(text) && !super::row::is_empty(text)) else {
            done.unchanged += 1;
            continue;
        };
        // The number of an entry of the audit is not known when it is sealed.
        let key = if table == "audit" { "" } else { &key };
        let clear = open_text(keys, table, key, column, &text)?;
        update.value(column, seal_text(keys, table, key, column, &clear)?);
        done.changed += 1;
    }
    if done.changed > before {
        tx.execute(&update).await?;
    }
    Ok(())
}
