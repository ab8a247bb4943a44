//! What build.rs generates from `proto/`; nothing is written here by hand.

/// The API: package `pxe_init.v1`.
#[allow(warnings, clippy::all, clippy::pedantic, clippy::restriction, reason = "generated")]
pub mod pxe_init {
    tonic::include_proto!("pxe_init.v1");
}

/// The API of the first system: package `v1`.
#[allow(warnings, clippy::all, clippy::pedantic, clippy::restriction, reason = "generated")]
pub mod first_system {
    tonic::include_proto!("v1");
}

/// Every definition with its comments' sources, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
