//! Behaviour through the public surface.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy.toml allows them in test functions only, and helpers of tests may fail a test too"
)]

mod store;
