//! What no template may do to the server: take its memory, its time, or the patience of the machines that ask meanwhile.

mod cost;
mod list;
mod meanwhile;

use list::BOMBS;
use pxe_init::render::{Limit, Reason};

/// Whether a bomb was refused for what it is.
fn is_refusal(reason: &Reason) -> bool {
    match reason {
        Reason::Limit(Limit::Fuel | Limit::Recursion | Limit::Output) | Reason::RefusedValue { .. } => true,
        // There is no filter `format`, and a range is no longer than the engine allows.
        Reason::Other(problem) => problem.contains("unknown") || problem.contains("range"),
        _ => false,
    }
}
