//! What a script loads.

use super::script::Script;
use super::{Call, calls, kernel, urls};
use crate::lint::asset::{self, Asset};

/// Every asset that the script names by an absolute URL of its own.
pub(in crate::lint) fn assets(text: &str) -> Vec<Asset> {
    let script = Script::parse(text);
    let lines = script.lines.iter().enumerate();
    lines
        .flat_map(|(index, line)| calls(index, line))
        .filter(|call| !call.is_leftover)
        .flat_map(|call| of(&call))
        .collect()
}

fn of(call: &Call<'_>) -> Vec<Asset> {
    let Some(spec) = call.spec else { return Vec::new() };
    let (skip, take) = urls::first(spec.name).unwrap_or_default();
    let opened = call.parsed.arguments.iter().skip(skip).take(take);
    let opened = opened.filter_map(|word| asset::asset(&word.text, word.range.clone()));
    let arguments = kernel::takes_arguments(spec.name).then(|| call.parsed.arguments.iter().skip(1));
    let arguments = arguments.into_iter().flatten();
    let named = arguments.filter_map(|word| asset::of_argument(&word.text, |part| word.part(part)));
    opened.chain(named).collect()
}
