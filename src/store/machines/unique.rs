//! What only one machine can have. Writers come one after another, so asking first is as good as a constraint, and
//! unlike one it can name the machine that has it.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::{StoreError, macs, serial_key};
use crate::domain::{Mac, Machine, Name};
use crate::store::row::Row;

/// Fails if another machine has a MAC, the UUID or the serial number of `machine`.
pub(in crate::store) async fn check(tx: &DatabaseTransaction, machine: &Machine) -> Result<(), StoreError> {
    if let Some((i, holder)) = mac_holder(tx, machine).await? {
        return Err(conflict(format!("macs[{i}]"), &machine.macs[i], holder));
    }
    if let Some(uuid) = machine.uuid
        && let Some(holder) = holder(tx, "uuid", uuid.into(), &machine.name).await?
    {
        return Err(conflict("uuid", &uuid, holder));
    }
    if let Some(serial) = &machine.serial
        && let Some(holder) = holder(tx, "serial_key", serial_key(serial), &machine.name).await?
    {
        return Err(conflict("serial", serial, holder));
    }
    Ok(())
}

async fn mac_holder(
    tx: &DatabaseTransaction,
    machine: &Machine,
) -> Result<Option<(usize, Name)>, StoreError> {
    // A machine that lists an address twice takes it from itself.
    let mut seen = HashSet::new();
    if let Some(i) = machine.macs.iter().position(|mac| !seen.insert(mac)) {
        return Ok(Some((i, machine.name.clone())));
    }
    for (chunk, macs) in machine.macs.chunks(macs::CHUNK).enumerate() {
        let taken = Query::select()
            .columns(["mac", "machine"])
            .from(macs::Entity)
            .and_where(Expr::col("mac").is_in(macs.iter().map(ToString::to_string)))
            .and_where(Expr::col("machine").ne(machine.name.as_str()))
            .order_by("mac", sea_orm::Order::Asc)
            .limit(1)
            .take();
        if let Some(row) = tx.query_one(&taken).await? {
            let row = Row::new("machine_macs", "mac", &row)?;
            let mac: Mac = row.parse("mac")?;
            let i = macs.iter().position(|m| *m == mac).unwrap_or_default();
            return Ok(Some((chunk * macs::CHUNK + i, row.parse("machine")?)));
        }
    }
    Ok(None)
}

async fn holder(
    tx: &DatabaseTransaction,
    column: &'static str,
    value: String,
    but: &Name,
) -> Result<Option<Name>, StoreError> {
    let taken = Query::select()
        .column("name")
        .from(super::Entity)
        .and_where(Expr::col(column).eq(value))
        .and_where(Expr::col("name").ne(but.as_str()))
        .limit(1)
        .take();
    let row = tx.query_one(&taken).await?;
    row.map(|row| Row::new("machines", "name", &row)?.parse("name")).transpose()
}

fn conflict(field: impl Into<String>, value: &dyn ToString, holder: Name) -> StoreError {
    StoreError::Conflict { field: field.into(), value: value.to_string(), holder }
}
