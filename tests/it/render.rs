//! Templates: what they can do, what they can not, and what the built-in ones make.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests panic as tests do")]

mod builtin;
mod checks;
mod depth;
mod errors;
mod injection;
mod limits;
mod params;
mod recall;
mod reference;
mod values;
