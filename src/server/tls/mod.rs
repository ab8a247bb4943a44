//! TLS of our listeners: from files, which may change while the server runs.

mod files;
mod names;
mod reload;
mod settings;

pub use files::TlsError;
pub(super) use names::names;
pub(super) use reload::Certificates;
pub(super) use settings::Files;
