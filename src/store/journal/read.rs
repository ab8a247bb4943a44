//! Reading records of the journal.

use std::collections::HashMap;
use std::sync::Arc;

use sea_orm::sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, QueryResult};

use super::super::StoreError;
use super::super::row::Row;
use super::{COLUMNS, TABLE};
use crate::domain::{BootFilter, BootId, BootRecord, Replica, Timestamp};

pub(super) async fn list(
    connection: &impl ConnectionTrait,
    filter: &BootFilter,
    before: Option<BootId>,
    limit: usize,
) -> Result<Vec<BootRecord>, StoreError> {
    let mut select = select();
    narrow(&mut select, filter);
    if let Some(before) = before {
        select.and_where(Expr::col("id").lt(before.to_string()));
    }
    select.order_by("id", Order::Desc).limit(limit as u64);
    let mut replicas = HashMap::new();
    let rows = connection.query_all(&select).await?;
    rows.iter().map(|row| decode(row, &mut replicas)).collect()
}

pub(super) async fn get(
    connection: &impl ConnectionTrait,
    id: BootId,
) -> Result<Option<BootRecord>, StoreError> {
    let select = select().and_where(Expr::col("id").eq(id.to_string())).take();
    let row = connection.query_one(&select).await?;
    row.map(|row| decode(&row, &mut HashMap::new())).transpose()
}

fn select() -> SelectStatement {
    Query::select().columns(COLUMNS.iter().map(|(name, _)| *name)).from(TABLE).take()
}

fn narrow(select: &mut SelectStatement, filter: &BootFilter) {
    let texts = [
        ("machine", filter.machine.clone()),
        ("mac", filter.mac.map(|mac| mac.to_string())),
        ("uuid", filter.uuid.map(|uuid| uuid.to_string())),
        ("serial", filter.serial.clone()),
        ("client", filter.client.map(|client| client.to_string())),
        ("asked", filter.asked.map(|asked| asked.as_str().to_owned())),
        ("outcome", filter.outcome.map(|outcome| outcome.as_str().to_owned())),
        ("rule", filter.rule.clone()),
        ("image", filter.image.clone()),
    ];
    for (column, wanted) in texts {
        if let Some(wanted) = wanted {
            select.and_where(Expr::col(column).eq(wanted));
        }
    }
    if let Some(since) = filter.since {
        select.and_where(Expr::col("id").gte(BootId::first_at(since).to_string()));
    }
    if let Some(until) = filter.until {
        select.and_where(Expr::col("id").lt(BootId::first_at(until).to_string()));
    }
    if let Some(template) = &filter.template {
        let exact = Expr::col("template").eq(template.as_str());
        // Not LIKE, which on SQLite takes upper and lower case for the same.
        let start = format!("{template}@");
        let length = i32::try_from(start.len()).unwrap_or(i32::MAX);
        let head = Func::cust("substr").arg(Expr::col("template")).arg(1_i32).arg(length);
        select.and_where(exact.or(Expr::expr(head).eq(start)));
    }
}

fn decode(
    row: &QueryResult,
    replicas: &mut HashMap<Replica, Arc<Replica>>,
) -> Result<BootRecord, StoreError> {
    let row = Row::new(TABLE, "id", row)?;
    let replica =
        Replica { name: row.get("replica")?, program: row.get("program")?, settings: row.get("settings")? };
    let replica = replicas.entry(replica).or_insert_with_key(|replica| Arc::new(replica.clone())).clone();
    let template: Option<String> = row.get("template")?;
    Ok(BootRecord {
        id: row.parse("id")?,
        at: Timestamp(row.get("at")?),
        facts: Arc::new(row.json("facts")?),
        client: row.parse("client")?,
        asked: row.parse("asked")?,
        outcome: row.parse("outcome")?,
        machine: row.parse_option("machine")?,
        rule: row.parse_option("rule")?,
        image: row.parse_option("image")?,
        template: template.map(Into::into),
        revision: row.unsigned("revision")?,
        sha256: sha256(&row)?,
        bytes: row.unsigned("bytes")?,
        incident: row.get("incident")?,
        problem: row.get("problem")?,
        micros: row.unsigned("micros")?,
        base_url: row.get::<String>("base_url")?.into(),
        replica,
    })
}

fn sha256(row: &Row<'_>) -> Result<[u8; 32], StoreError> {
    let text: String = row.get("sha256")?;
    let digit = |i: usize| text.get(2 * i..2 * i + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let mut bytes = [0; 32];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = digit(i).ok_or_else(|| row.bad("sha256", "it is no SHA-256 in hexadecimal"))?;
    }
    Ok(bytes)
}
