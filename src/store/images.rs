//! The table of images.

use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, IntoActiveModel};

use super::StoreError;
use super::changes::{Scope, Sink, scan, upsert};
use super::row::{Row, to_column, to_json, to_sealed_json};
use crate::domain::{Change, Image, Name, Noun};
use crate::seal::Keys;

#[derive(Clone, Debug, DeriveEntityModel)]
#[sea_orm(table_name = "images")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) name: String,
    pub(super) kernel: Option<String>,
    pub(super) initrds: String,
    pub(super) rootfs: Option<String>,
    pub(super) args: String,
    pub(super) arch: Option<String>,
    pub(super) labels: String,
    pub(super) params: String,
    pub(super) declares: String,
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
    scan(tx, Noun::Image, Entity::find(), scope, |row, name| Ok(Change::Image(decode(row, name)?)), into)
        .await
}

pub(super) async fn save(
    tx: &DatabaseTransaction,
    image: &Image,
    revision: u64,
    keys: &Keys,
) -> Result<(), StoreError> {
    let row = Model {
        name: image.name.to_string(),
        kernel: image.kernel.clone(),
        initrds: to_json(&image.initrds)?,
        rootfs: image.rootfs.clone(),
        args: to_json(&image.args)?,
        arch: image.arch.clone(),
        labels: to_json(&image.labels)?,
        params: to_sealed_json(keys, "images", image.name.as_str(), "params", &image.params)?,
        declares: to_sealed_json(keys, "images", image.name.as_str(), "declares", &image.declares)?,
        templates: to_json(&image.templates)?,
        revision: to_column(revision),
        deleted: false,
    };
    upsert(tx, row.into_active_model()).await
}

fn decode(row: &Row<'_>, name: Name) -> Result<Image, StoreError> {
    Ok(Image {
        name,
        kernel: row.get("kernel")?,
        initrds: row.json("initrds")?,
        rootfs: row.get("rootfs")?,
        args: row.json("args")?,
        arch: row.get("arch")?,
        labels: row.json("labels")?,
        params: row.sealed_json("params")?,
        declares: row.sealed_json("declares")?,
        templates: row.json("templates")?,
    })
}
