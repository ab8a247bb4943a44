//! Masks that come back: who may not read secrets gets masks in their place, and sends them along with what he changed.

use serde_json::Value;

use super::Intent;
use crate::boot::{MASK, Secrets, Snapshot};
use crate::domain::{Change, ParamSpecs, Params, Violation};
use crate::error::Error;

/// The changes with the stored values in the place of masks.
///
/// # Errors
/// `INVALID_ARGUMENT` where nothing is stored that a mask could stand for.
pub(super) fn unmask(before: &Snapshot, intents: &[Intent]) -> Result<Vec<Intent>, Error> {
    let secrets = Secrets::of(&[before]);
    let mut wrong = Vec::new();
    let unmasked = intents.iter().map(|intent| {
        let mut intent = intent.clone();
        let (catalog, change) = (&before.catalog, &mut intent.change);
        match change {
            Change::Image(image) => {
                let stored = catalog.images().get(&image.name).map(|stored| &stored.value);
                restore(&mut image.params, stored.map(|stored| &stored.params), &secrets, &mut wrong);
                restore_specs(&mut image.declares, stored.map(|stored| &stored.declares), &mut wrong);
            }
            Change::Machine(machine) => {
                // To look for a machine is to unpack it.
                if machine.params.values().any(is_mask) {
                    let stored = catalog.machines().get(machine.name.as_str()).map(|stored| stored.value);
                    let stored = stored.as_ref().map(|stored| &stored.params);
                    restore(&mut machine.params, stored, &secrets, &mut wrong);
                }
            }
            Change::Rule(rule) => {
                let stored = catalog.rules().get(&rule.name).map(|stored| &stored.value.params);
                restore(&mut rule.params, stored, &secrets, &mut wrong);
            }
            Change::Template(_) | Change::Delete(..) => {}
        }
        intent
    });
    let unmasked = unmasked.collect();
    match wrong.is_empty() {
        true => Ok(unmasked),
        false => Err(Error::invalid("nothing was changed: a mask is no value", wrong)),
    }
}

fn restore(params: &mut Params, stored: Option<&Params>, secrets: &Secrets, wrong: &mut Vec<Violation>) {
    for (name, value) in params.iter_mut().filter(|(name, value)| secrets.has(name) && is_mask(value)) {
        match stored.and_then(|stored| stored.get(name)) {
            Some(hidden) => *value = hidden.clone(),
            None => wrong.push(no_value(&format!("params.{name}"))),
        }
    }
}

/// The same for what declarations say of secrets.
fn restore_specs(specs: &mut ParamSpecs, stored: Option<&ParamSpecs>, wrong: &mut Vec<Violation>) {
    for (name, spec) in specs.iter_mut().filter(|(_, spec)| spec.secret) {
        let stored = stored.and_then(|stored| stored.get(name));
        if spec.default.as_ref().is_some_and(is_mask) {
            spec.default = stored.and_then(|stored| stored.default.clone());
            if spec.default.is_none() {
                wrong.push(no_value(&format!("declares.{name}.default")));
            }
        }
        if spec.choices.iter().any(is_mask) {
            match stored {
                Some(stored) if stored.choices.len() == spec.choices.len() => {
                    spec.choices.clone_from(&stored.choices);
                }
                _ => wrong.push(no_value(&format!("declares.{name}.choices"))),
            }
        }
    }
}

fn is_mask(value: &Value) -> bool {
    value.as_str() == Some(MASK)
}

fn no_value(field: &str) -> Violation {
    let problem = format!(
        "{MASK} stands for a secret that you may not read, and none is stored here; give the value, or leave it out"
    );
    Violation::new(field, problem)
}
