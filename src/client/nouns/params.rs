//! Parameters between the API, which carries JSON text, and documents, which carry values.

use std::collections::BTreeMap;

use serde_json::Value;

/// Values out of the API's JSON text. Text that is no JSON stays what it is: better shown than hidden.
pub(super) fn from_proto(params: BTreeMap<String, String>) -> BTreeMap<String, Value> {
    let value = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    params.into_iter().map(|(key, text)| (key, value(text))).collect()
}

/// The API's JSON text out of values.
pub(super) fn to_proto(params: BTreeMap<String, Value>) -> BTreeMap<String, String> {
    params.into_iter().map(|(key, value)| (key, value.to_string())).collect()
}

/// `a=1,b=2` for a cell of a table.
pub(super) fn cell<V: ToString>(map: &BTreeMap<String, V>) -> String {
    map.iter().map(|(key, value)| format!("{key}={}", value.to_string())).collect::<Vec<_>>().join(",")
}
