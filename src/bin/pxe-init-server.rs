//! The server: what machines and operators talk to.

fn main() {}
