//! What the linter finds, and what it does not.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests panic as tests do")]

mod bad;
mod builtin;
mod cli;
mod docs;
mod random;
mod sarif;
mod silences;
mod sources;
mod templates;
mod urls;

pub(crate) use sarif::check as check_sarif;
