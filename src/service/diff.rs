//! What a change changes, field by field, for people.

use serde::Serialize;
use serde_json::{Map, Value};
use similar::TextDiff;

use crate::boot::Secrets;
use crate::catalog::Catalog;
use crate::domain::{Change, Template, plural};

/// The fields of the changed thing that differ from what stands under its name, as `FIELD: BEFORE → AFTER`. Empty where
/// nothing stands there or nothing differs.
pub(super) fn fields(before: &Catalog, change: &Change, secrets: &Secrets) -> Vec<String> {
    match change {
        Change::Image(after) => before.images().get(&after.name).map(|e| compare(&*e.value, after, secrets)),
        Change::Machine(after) => {
            before.machines().get(after.name.as_str()).map(|e| compare(&*e.value, after, secrets))
        }
        Change::Rule(after) => before.rules().get(&after.name).map(|e| compare(&*e.value, after, secrets)),
        Change::Template(after) => {
            before.templates().get(&after.name).map(|e| compare_templates(&e.value, after))
        }
        Change::Delete(..) => None,
    }
    .unwrap_or_default()
}

fn compare<T: Serialize>(before: &T, after: &T, secrets: &Secrets) -> Vec<String> {
    let mut found = Vec::new();
    compare_maps("", &to_map(before), &to_map(after), secrets, &mut found);
    found
}

fn to_map<T: Serialize>(value: &T) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// Goes into maps (labels, params, templates) and compares everything else as a whole.
fn compare_maps(
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    secrets: &Secrets,
    found: &mut Vec<String>,
) {
    let empty = Map::new();
    let only_before = before.keys().filter(|key| !after.contains_key(*key));
    for key in after.keys().chain(only_before) {
        let (old, new) = (before.get(key), after.get(key));
        if old == new {
            continue;
        }
        let field = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let mut deeper = |old, new| compare_maps(&field, old, new, secrets, found);
        match (old, new) {
            _ if path == "params" && secrets.has(key) => {
                let told = |value: Option<_>| if value.is_some() { "(secret)" } else { "(none)" };
                found.push(format!("{field}: {} → {}", told(old), told(new)));
            }
            (Some(Value::Object(old)), Some(Value::Object(new))) => deeper(old, new),
            (None, Some(Value::Object(new))) if path.is_empty() => deeper(&empty, new),
            (Some(Value::Object(old)), None) if path.is_empty() => deeper(old, &empty),
            _ => found.push(format!("{field}: {} → {}", shown(old), shown(new))),
        }
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "(none)".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn compare_templates(before: &Template, after: &Template) -> Vec<String> {
    let mut found = Vec::new();
    let labels = (to_map(&before.labels), to_map(&after.labels));
    compare_maps("labels", &labels.0, &labels.1, &Secrets::default(), &mut found);
    if before.is_same_document(after) {
        return found;
    }
    let diff = TextDiff::from_lines(&*before.source, &*after.source);
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    let (added, removed) = (count(similar::ChangeTag::Insert), count(similar::ChangeTag::Delete));
    found.push(format!(
        "source: {added} line{} added, {removed} removed since revision {}",
        plural(added as u64),
        before.head
    ));
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{Image, Params};

    #[test]
    fn names_the_fields_that_differ() {
        let mut before = Image::new("fcos".parse().unwrap());
        before.kernel = Some("a".into());
        before.params = Params::from([("console".into(), json!("ttyS0")), ("gone".into(), json!(1))]);
        let mut after = before.clone();
        after.kernel = Some("b".into());
        after.initrds = vec!["i".into()];
        after.params = Params::from([("console".into(), json!(["a", true]))]);
        assert_eq!(
            compare(&before, &after, &Secrets::default()),
            [
                "initrds: (none) → [\"i\"]",
                "kernel: a → b",
                "params.console: ttyS0 → [\"a\",true]",
                "params.gone: 1 → (none)"
            ]
        );
        assert!(compare(&before, &before, &Secrets::default()).is_empty());
    }
}
