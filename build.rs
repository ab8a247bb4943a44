//! Compiles the protocol definitions; protox stands in for protoc, so that nothing need be installed.

use std::path::PathBuf;
use std::{env, fs};

use prost::Message;

type BoxError = Box<dyn std::error::Error>;

const PROTOS: [&str; 11] = [
    "v1/pxe_init.proto",
    "pxe_init/v1/common.proto",
    "pxe_init/v1/image.proto",
    "pxe_init/v1/template.proto",
    "pxe_init/v1/machine.proto",
    "pxe_init/v1/rule.proto",
    "pxe_init/v1/boot.proto",
    "pxe_init/v1/catalog.proto",
    "pxe_init/v1/journal.proto",
    "pxe_init/v1/access.proto",
    "pxe_init/v1/audit.proto",
];

fn main() -> Result<(), BoxError> {
    println!("cargo:rerun-if-changed=proto");
    println!("cargo:rerun-if-changed=templates");
    let descriptors = protox::compile(PROTOS, ["proto"])?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().btree_map(".").compile_fds(descriptors)?;
    Ok(())
}
