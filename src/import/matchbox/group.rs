//! Groups become rules.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{Name, Params, Rule, Selector};
use crate::import::Import;
use crate::manifest::Place;

/// What each selector of a group adds to the priority of its rule: matchbox takes the matching group that has most.
const PRIORITY: i32 = 10;

/// What matchbox compares after it brought both to one spelling; anything else is compared as the machine says it.
#[derive(Debug, Deserialize)]
pub(super) struct Group {
    id: Option<String>,
    profile: Option<String>,
    #[serde(default)]
    selector: BTreeMap<String, String>,
    #[serde(default)]
    metadata: Params,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// Adds the rule, or says why there is none.
pub(super) fn translate(group: Group, path: &Path, images: &BTreeMap<String, Name>, import: &mut Import) {
    let Group { id, profile, selector, metadata, others } = group;
    let place = Place::of_file(path);
    for key in others.keys().filter(|key| *key != "name") {
        import.leave_out(place.clone(), format!("{key}: there is nothing like it here"));
    }
    let name = match id.as_deref().map(str::parse::<Name>) {
        Some(Ok(name)) => name,
        Some(Err(error)) => return import.leave_out(place, format!("this group: id: {error}")),
        None => return import.leave_out(place, "this group has no id"),
    };
    let Some(image) = profile.as_ref().and_then(|profile| images.get(profile)) else {
        let profile = profile.unwrap_or_default();
        return import.leave_out(
            place,
            format!("group {name}: its profile {profile:?} is not there, or was left out"),
        );
    };
    let count = i32::try_from(selector.len()).unwrap_or(i32::MAX);
    let selector = match selector_of(selector) {
        Ok(selector) => selector,
        Err(why) => return import.leave_out(place, format!("group {name}: {why}")),
    };
    let mut rule = Rule::new(name);
    rule.priority = count.saturating_mul(PRIORITY);
    rule.selector = selector;
    rule.image = Some(image.clone());
    rule.params = metadata;
    import.add(place, rule.into());
}

fn selector_of(selector: BTreeMap<String, String>) -> Result<Selector, String> {
    let mut terms = BTreeMap::new();
    for (key, value) in selector {
        if value.contains('*') || value.starts_with('!') {
            return Err(format!("selector {key}={value}: * and ! have a meaning here, and none in matchbox"));
        }
        if !matches!(key.as_str(), "mac" | "uuid" | "serial" | "hostname") {
            let what =
                "machines say that themselves in matchbox's URLs, and selectors do not look at it here";
            return Err(format!(
                "selector {key}={value}: {what}; register the machines, and use a rule by label.{key}"
            ));
        }
        terms.insert(key, vec![value]);
    }
    Selector::try_from(terms).map_err(|error| error.to_string())
}
