//! pxe-init tells each machine that boots over the network what to boot, and says why.
//!
//! `docs/architecture.md` shows how the modules fit together; `tests/it/arrows.rs` holds their order.

pub mod boot;
pub mod catalog;
pub mod client;
pub mod config;
pub mod domain;
pub mod error;
pub mod grpc;
pub mod http;
pub mod import;
pub mod lint;
pub mod man;
pub mod manifest;
pub mod oidc;
pub mod proto;
pub mod render;
pub mod resolve;
pub mod seal;
pub mod server;
pub mod service;
pub mod snapshot_file;
pub mod store;
pub mod telemetry;
pub mod template_test;
