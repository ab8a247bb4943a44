//! Commands on manifests: whole directories of resources at once.

mod apply;
mod args;
mod delete;
mod diff;
mod export;
mod pending;
mod server;

pub(super) use apply::{apply, put};
pub(super) use args::{ApplyArgs, DeleteFilesArgs, DiffArgs, ExportArgs, PlanArgs};
pub(super) use delete::delete;
pub(super) use diff::diff;
pub(super) use export::export;
pub(super) use pending::changes;
