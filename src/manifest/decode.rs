//! From trees to values: whatever serde can read, with every wrong part told at its own place.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::tree::{At, Content, Key, Node};

/// A part that is wrong.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) at: At,
    /// What is wrong with which field, and what would be right.
    pub(super) what: String,
}

/// The value that these entries of a map say. `least` is the smallest map that is right: what every value must have. Upon it
/// each entry is tried alone when they are wrong together: serde itself would stop at the first that is.
pub(super) fn decode<T: DeserializeOwned>(
    at: At,
    entries: &[&(Key, Node)],
    least: &Map<String, Value>,
) -> Result<T, Vec<Wrong>> {
    let whole: Map<String, Value> =
        entries.iter().map(|(key, node)| (key.text.clone(), node.to_json())).collect();
    let error = match serde_json::from_value(Value::Object(whole)) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let mut found = Vec::new();
    for (key, node) in entries {
        let alone = |value: Value| {
            let mut map = least.clone();
            map.insert(key.text.clone(), value);
            serde_json::from_value::<T>(Value::Object(map)).err().map(|error| error.to_string())
        };
        if let Some(why) = alone(node.to_json()) {
            if is_unknown(&key.text, &why) {
                found.push(Wrong { at: key.at, what: told(&why, None) });
            } else {
                narrow(&key.text, node, &alone, &why, &mut found);
            }
        }
    }
    let given = |field: &str| entries.iter().any(|(key, _)| key.text == field);
    let missing = least.keys().filter(|field| !given(field));
    found.extend(missing.map(|field| Wrong { at, what: format!("{field} is missing") }));
    if found.is_empty() {
        found.push(Wrong { at, what: told(&error.to_string(), None) });
    }
    Err(found)
}

/// Adds the smallest parts of `node` that are wrong. `alone` tells what is wrong with a value in its place.
fn narrow(
    field: &str,
    node: &Node,
    alone: &dyn Fn(Value) -> Option<String>,
    why: &str,
    found: &mut Vec<Wrong>,
) {
    let before = found.len();
    // Where a list is no matter what stands in it, its items are not to blame.
    let fits = |empty: Value| !alone(empty).is_some_and(|why| why.starts_with("invalid type"));
    match &node.content {
        Content::List(items) if fits(Value::Array(Vec::new())) => {
            for (i, item) in items.iter().enumerate() {
                let alone = |value: Value| alone(Value::Array(vec![value]));
                if let Some(why) = alone(item.to_json()) {
                    narrow(&format!("{field}[{i}]"), item, &alone, &why, found);
                }
            }
        }
        // Where an empty map is wrong, its entries belong together, as those of a declaration.
        Content::Map(entries) if alone(Value::Object(Map::new())).is_none() => {
            for (key, entry) in entries {
                let alone = |value: Value| alone(Value::Object(Map::from_iter([(key.text.clone(), value)])));
                match alone(entry.to_json()) {
                    Some(why) if is_unknown(&key.text, &why) => {
                        found.push(Wrong { at: key.at, what: format!("{field}: {}", told(&why, None)) });
                    }
                    Some(why) => narrow(&format!("{field}.{}", key.text), entry, &alone, &why, found),
                    None => {}
                }
            }
        }
        _ => {}
    }
    if found.len() > before {
        return;
    }
    let hint = match &node.content {
        Content::Scalar(value @ (Value::Bool(_) | Value::Number(_)))
            if alone(Value::String(value.to_string())).is_none() =>
        {
            format!("; write \"{value}\", in quotes")
        }
        _ => String::new(),
    };
    found.push(Wrong { at: node.at, what: format!("{field}: {}{hint}", told(why, Some(node))) });
}

/// Whether serde's message is about this key, and not about one in its value.
fn is_unknown(key: &str, why: &str) -> bool {
    why.strip_prefix("unknown field `")
        .and_then(|rest| rest.strip_prefix(key))
        .is_some_and(|rest| rest.starts_with('`'))
}

/// serde's message in our words, without the place in a text that nobody wrote.
fn told(message: &str, node: Option<&Node>) -> String {
    let message = message.split(" at line ").next().unwrap_or_default();
    if let (Some(node), Some((_, wanted))) =
        (node.filter(|_| message.starts_with("invalid type")), message.split_once(", expected "))
    {
        let wanted = match wanted {
            "a string" => "a text",
            "a sequence" => "a list",
            "i32" => "a whole number",
            wanted => wanted,
        };
        return format!("this is {}, and {wanted} is wanted", node.what());
    }
    let unknown = message.strip_prefix("unknown field ").or_else(|| message.strip_prefix("unknown variant "));
    match unknown.and_then(|rest| rest.split_once(", expected ")) {
        Some((word, known)) => {
            let known = known.trim_start_matches("one of ").replace('`', "");
            let word = word.trim_matches('`');
            let nearest = known.split(", ").min_by_key(|known| strsim::damerau_levenshtein(known, word));
            let meant = nearest.filter(|known| strsim::damerau_levenshtein(known, word) <= 2);
            let meant = meant.map_or("use ".to_owned(), |meant| format!("did you mean {meant}? It is "));
            format!("{word:?} is unknown here; {meant}one of {known}")
        }
        None => message.replace('`', "\""),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Machine;

    fn wrong(text: &str) -> Vec<String> {
        wrong_of::<Machine>(text)
    }

    fn wrong_of<T: DeserializeOwned>(text: &str) -> Vec<String> {
        let root: Node = serde_saphyr::from_str(text).unwrap();
        let entries: Vec<&(Key, Node)> = root.entries().iter().collect();
        let least = json!({"name": "x"}).as_object().unwrap().clone();
        match decode::<T>(root.at, &entries, &least) {
            Ok(_) => Vec::new(),
            Err(found) => {
                found.into_iter().map(|w| format!("{}:{} {}", w.at.line, w.at.column, w.what)).collect()
            }
        }
    }

    #[test]
    fn every_wrong_part_is_told() {
        assert!(wrong("name: a\nmacs: [52:54:00:00:00:01]\n").is_empty());
        let text = "name: a b\nmacs:\n- 52:54:00:00:00:01\n- 52:54\n- 7\nlabels: {rack: 12, row: x}\nuuid:\nimagee: x\ntemplates: {ipx: a, grub: b c}\nparams: []\n";
        insta::assert_snapshot!(wrong(text).join("\n"));
        assert_eq!(wrong("macs: []\n"), ["1:1 name is missing"]);
    }

    #[test]
    fn the_fields_of_a_declaration_belong_together() {
        let text = "name: a\ndeclares:\n  good: {type: list, default: []}\n  bad: {default: [], type: list, requierd: true}\n  short: lsit\n";
        assert_eq!(
            wrong_of::<crate::domain::Image>(text),
            [
                "4:8 declares.bad: requierd: is no field of a declaration; did you mean required?",
                "5:10 declares.short: type: \"lsit\" is no type; use one of string, integer, number, boolean, list, map",
            ]
        );
    }
}
