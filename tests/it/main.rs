//! Behaviour through the public surface.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod access;
mod app;
mod arrows;
mod audit;
mod away;
mod bombs;
mod cli_reference;
mod client;
mod escaping;
mod faults;
mod fuzz;
mod gate;
mod grpc;
mod http;
mod journal;
mod labels;
mod lint;
mod log;
mod log_reader;
mod manifest;
mod metrics;
mod observability;
mod params;
mod plain;
mod process;
mod render;
mod replicas;
mod secrets;
mod security_docs;
mod server_reference;
mod shell;
mod snapshot_file;
mod stop;
mod store;
mod storm;
mod template_test;
mod tokens;
mod traces;
