//! Refuses params that are not what they are declared to be.

use crate::boot::Wrong;
use crate::domain::{Change, Changes, Violation};
use crate::error::{Code, Error};

/// Refuses what is not as it is declared.
pub(super) fn refuse(refused: Vec<Wrong>, changes: &Changes) -> Result<(), Error> {
    if refused.is_empty() {
        return Ok(());
    }
    let changed = |wrong: &Wrong| {
        let same = |change: &Change| (change.noun(), change.name()) == (wrong.noun, &wrong.name);
        changes.changes.iter().any(|stamped| same(&stamped.change))
    };
    let code = if refused.iter().any(changed) { Code::InvalidArgument } else { Code::FailedPrecondition };
    let message = match changes.changes.as_slice() {
        [stamped] => {
            let (noun, name) = (stamped.change.noun(), stamped.change.name());
            let done = if matches!(stamped.change, Change::Delete(..)) { "deleted" } else { "saved" };
            format!("{noun} {name} is not {done}: params are not what they are declared to be")
        }
        _ => "nothing was changed: params are not what they are declared to be".to_owned(),
    };
    let violation = |wrong: Wrong| match changes.changes.len() == 1 && changed(&wrong) {
        true => Violation::new(wrong.field, wrong.problem),
        false => Violation::new(format!("{}/{}: {}", wrong.noun, wrong.name, wrong.field), wrong.problem),
    };
    Err(Error::new(code, message).with_fields(refused.into_iter().map(violation).collect()))
}
