//! Facts to answer, and what every registered machine would be answered; from one snapshot, without IO.
//!
//! The boot path, previews, plans and the tests of operators all come through here, so that they can not differ.

mod answer;
mod check;
mod compare;
mod decide;
mod fingerprint;
mod fleet;
mod leads;
mod params;
mod protect;
mod secrets;
mod settings;
mod snapshot;
mod suggest;

pub use crate::domain::Outcome;
pub use answer::{Answer, Timings};
pub use check::{check_references, check_template, tell_finding};
pub use compare::{Comparison, Effect, Group, Scope, compare};
pub use decide::Boot;
pub use fleet::{Documents, facts_of};
pub(crate) use leads::Lead;
pub use params::{Wrong, check_params};
pub use protect::{Armed, Bearer, Guard, NO_TOKEN, NoKey};
pub use secrets::{MASK, Secrets, masked};
pub use settings::{Assets, OnFailure, OnUnknown, Settings};
pub use snapshot::Snapshot;
