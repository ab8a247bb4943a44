//! The addresses of machines. Their primary key is what keeps two machines from having the same.

use std::collections::HashMap;
use std::time::Duration;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query, SelectStatement};
use sea_orm::{DatabaseTransaction, IntoActiveModel, StreamTrait};

use super::StoreError;
use crate::domain::{Mac, Name};
use crate::store::changes::{Scope, next};
use crate::store::error::within;
use crate::store::row::Row;

/// How many values go into one statement: SQLite takes 32,766, Postgres 65,535.
pub(super) const CHUNK: usize = 1000;

const TABLE: &str = "machine_macs";

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "machine_macs")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) mac: String,
    pub(super) machine: String,
    pub(super) position: i32,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The addresses of all machines in `scope`, each machine's in its own order.
pub(super) async fn load(
    tx: &DatabaseTransaction,
    scope: Scope<'_>,
    timeout: Duration,
) -> Result<HashMap<String, Vec<Mac>>, StoreError> {
    let mut macs: HashMap<String, Vec<Mac>> = HashMap::new();
    let mut rows = within(timeout, async { Ok(tx.stream(&select(scope)).await?) }).await?;
    while let Some(row) = next(&mut rows, timeout).await? {
        let row = Row::new(TABLE, "mac", &row)?;
        macs.entry(row.get("machine")?).or_default().push(row.parse("mac")?);
    }
    Ok(macs)
}

/// Takes all addresses from `machine` and gives it these.
pub(super) async fn replace(
    tx: &DatabaseTransaction,
    machine: &Name,
    macs: &[Mac],
) -> Result<(), StoreError> {
    Entity::delete_many().filter(Column::Machine.eq(machine.as_str())).exec(tx).await?;
    for (chunk, macs) in macs.chunks(CHUNK).enumerate() {
        let rows = macs.iter().enumerate().map(|(i, mac)| {
            let position = i32::try_from(chunk * CHUNK + i).unwrap_or(i32::MAX);
            Model { mac: mac.to_string(), machine: machine.to_string(), position }.into_active_model()
        });
        Entity::insert_many(rows).exec_without_returning(tx).await?;
    }
    Ok(())
}

fn select(scope: Scope<'_>) -> SelectStatement {
    let mut select = Query::select();
    select
        .columns(["mac", "machine"])
        .from(TABLE)
        .order_by("machine", Order::Asc)
        .order_by("position", Order::Asc);
    match scope {
        Scope::After(0) => {}
        Scope::Live(name) => {
            select.and_where(Expr::col("machine").eq(name.as_str()));
        }
        Scope::After(_) => {
            let changed = Query::select()
                .column("name")
                .from(super::Entity)
                .and_where(scope.condition(super::Entity))
                .take();
            select.and_where(Expr::col("machine").in_subquery(changed));
        }
    }
    select
}
