//! Behaviour through the public surface.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod app;
mod arrows;
mod bombs;
mod cli_reference;
mod client;
mod escaping;
mod grpc;
mod http;
mod lint;
mod log;
mod log_reader;
mod render;
mod server_reference;
mod store;
