//! Facts to answer, and what every registered machine would be answered; from one snapshot, without IO.
//!
//! The boot path, previews, plans and the tests of operators all come through here, so that they can not differ.

mod answer;
mod compare;
mod decide;
mod fleet;
mod secrets;
mod settings;
mod snapshot;

pub use answer::{Answer, Outcome};
pub use compare::{Comparison, Effect, Group, Scope, compare};
pub use decide::Boot;
pub use fleet::{Documents, facts_of};
pub use secrets::{MASK, Secrets};
pub use settings::{Assets, OnFailure, OnUnknown, Settings};
pub use snapshot::Snapshot;
