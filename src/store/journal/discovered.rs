//! The table of machines that asked and are not registered.

use sea_orm::sea_query::{Order, Query};
use sea_orm::{ConnectionTrait, DatabaseTransaction};

use super::super::StoreError;
use super::super::row::{Row, to_column};
use super::insert::{Cell, Columns, insert, text};
use crate::domain::{Discovered, Timestamp};

const TABLE: &str = "discovered";

const COLUMNS: &Columns = &[
    ("identity", "text"),
    ("mac", "text"),
    ("uuid", "text"),
    ("serial", "text"),
    ("manufacturer", "text"),
    ("product", "text"),
    ("client", "text"),
    ("asked", "text"),
    ("outcome", "text"),
    ("rule", "text"),
    ("template", "text"),
    ("first_at", "bigint"),
    ("last_at", "bigint"),
    ("times", "bigint"),
];

/// What another server, or this one, said before is added to; what the later of both said counts.
const CONFLICT: &str = "\
ON CONFLICT (identity) DO UPDATE SET
  times = discovered.times + excluded.times,
  uuid = coalesce(excluded.uuid, discovered.uuid),
  serial = coalesce(excluded.serial, discovered.serial),
  manufacturer = coalesce(excluded.manufacturer, discovered.manufacturer),
  product = coalesce(excluded.product, discovered.product),
  client = excluded.client,
  asked = excluded.asked,
  outcome = excluded.outcome,
  rule = excluded.rule,
  template = excluded.template,
  first_at = CASE WHEN excluded.first_at < discovered.first_at THEN excluded.first_at ELSE discovered.first_at END,
  last_at = CASE WHEN excluded.last_at > discovered.last_at THEN excluded.last_at ELSE discovered.last_at END";

pub(super) async fn add(tx: &DatabaseTransaction, discovered: &[Discovered]) -> Result<(), StoreError> {
    let mut keyed: Vec<_> = discovered.iter().filter_map(|machine| Some((machine.key()?, machine))).collect();
    // All servers in the same order, so that none waits for a row of another that waits for one of its rows.
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    keyed.dedup_by(|a, b| a.0 == b.0);
    let row = |(key, machine): (String, &Discovered)| {
        vec![
            text(Some(key)),
            text(machine.mac),
            text(machine.uuid),
            text(machine.serial.as_deref()),
            text(machine.manufacturer.as_deref()),
            text(machine.product.as_deref()),
            text(Some(machine.client)),
            text(Some(machine.asked.as_str())),
            text(Some(machine.outcome.as_str())),
            text(machine.rule.as_ref()),
            text(machine.template.as_deref()),
            Cell::Number(machine.first.0),
            Cell::Number(machine.last.0),
            Cell::Number(to_column(machine.count)),
        ]
    };
    insert(tx, TABLE, COLUMNS, keyed.into_iter().map(row).collect(), CONFLICT).await
}

pub(super) async fn list(
    connection: &impl ConnectionTrait,
    limit: usize,
) -> Result<Vec<Discovered>, StoreError> {
    let select = Query::select()
        .columns(COLUMNS.iter().map(|(name, _)| *name))
        .from(TABLE)
        .order_by("last_at", Order::Desc)
        .limit(limit as u64)
        .take();
    let rows = connection.query_all(&select).await?;
    rows.iter().map(|row| decode(&Row::new(TABLE, "identity", row)?)).collect()
}

fn decode(row: &Row<'_>) -> Result<Discovered, StoreError> {
    Ok(Discovered {
        mac: row.parse_option("mac")?,
        uuid: row.parse_option("uuid")?,
        serial: row.get("serial")?,
        manufacturer: row.get("manufacturer")?,
        product: row.get("product")?,
        client: row.parse("client")?,
        first: Timestamp(row.get("first_at")?),
        last: Timestamp(row.get("last_at")?),
        count: row.unsigned("times")?,
        asked: row.parse("asked")?,
        outcome: row.parse("outcome")?,
        rule: row.parse_option("rule")?,
        template: row.get("template")?,
    })
}
