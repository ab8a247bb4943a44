//! The table of machines; their addresses are in [`macs`].

mod macs;
mod unique;

use std::collections::HashSet;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Query;
use sea_orm::{ConnectionTrait, DatabaseTransaction, IntoActiveModel};

use super::StoreError;
use super::changes::{Scope, Sink, scan, upsert};
use super::row::{Row, to_column, to_json, to_sealed_json};
use crate::domain::{Change, Mac, Machine, Name, Noun};
use crate::seal::Keys;

pub(super) use unique::check as check_unique;

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "machines")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) name: String,
    pub(super) uuid: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) serial_key: Option<String>,
    pub(super) hostname: Option<String>,
    pub(super) labels: String,
    pub(super) params: String,
    pub(super) image: Option<String>,
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
    let mut macs = macs::load(tx, scope, into.timeout).await?;
    let mut images = Interner::default();
    let decode = |row: &Row<'_>, name: Name| {
        let macs = macs.remove(name.as_str()).unwrap_or_default();
        Ok(Change::Machine(decode(row, name, macs, &mut images)?))
    };
    scan(tx, Noun::Machine, Entity::find(), scope, decode, into).await
}

/// What others have already must have been ruled out by [`check_unique`].
pub(super) async fn save(
    tx: &DatabaseTransaction,
    machine: &Machine,
    revision: u64,
    keys: &Keys,
) -> Result<(), StoreError> {
    let row = Model {
        name: machine.name.to_string(),
        uuid: machine.uuid.map(String::from),
        serial: machine.serial.clone(),
        serial_key: machine.serial.as_deref().map(serial_key),
        hostname: machine.hostname.clone(),
        labels: to_json(&machine.labels)?,
        params: to_sealed_json(keys, "machines", machine.name.as_str(), "params", &machine.params)?,
        image: machine.image.as_ref().map(ToString::to_string),
        templates: to_json(&machine.templates)?,
        revision: to_column(revision),
        deleted: false,
    };
    upsert(tx, row.into_active_model()).await?;
    macs::replace(tx, &machine.name, &machine.macs).await
}

/// Gives back what only one machine can have; the tombstone must not keep it from others.
pub(super) async fn release(tx: &DatabaseTransaction, name: &Name) -> Result<(), StoreError> {
    let update = Query::update()
        .table(Entity)
        .value(Column::Uuid, None::<String>)
        .value(Column::Serial, None::<String>)
        .value(Column::SerialKey, None::<String>)
        .and_where(Column::Name.eq(name.as_str()))
        .take();
    tx.execute(&update).await?;
    macs::replace(tx, name, &[]).await
}

/// Serials are compared without regard to ASCII case.
fn serial_key(serial: &str) -> String {
    serial.to_ascii_lowercase()
}

fn decode(row: &Row<'_>, name: Name, macs: Vec<Mac>, images: &mut Interner) -> Result<Machine, StoreError> {
    let image: Option<String> = row.get("image")?;
    Ok(Machine {
        name,
        macs,
        uuid: row.parse_option("uuid")?,
        serial: row.get("serial")?,
        hostname: row.get("hostname")?,
        labels: row.json("labels")?,
        params: row.sealed_json("params")?,
        image: image.map(|image| images.name(&image)).transpose().map_err(|e| row.bad("image", e))?,
        templates: row.json("templates")?,
    })
}

/// Lets the many machines of one image share its name.
#[derive(Default)]
struct Interner(HashSet<Name>);

impl Interner {
    fn name(&mut self, text: &str) -> Result<Name, crate::domain::InvalidName> {
        if let Some(name) = self.0.get(text) {
            return Ok(name.clone());
        }
        let name: Name = text.parse()?;
        self.0.insert(name.clone());
        Ok(name)
    }
}
