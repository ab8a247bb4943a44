//! What resolving and rendering cost.

fn main() {}
