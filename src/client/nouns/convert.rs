//! What the nouns have in common between the API, which carries text, and the domain.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use serde_json::Value;

use crate::client::failure::{Exit, Failure};
use crate::domain::{Params, Templates};

/// A value out of text of the server.
pub(super) fn parse<T: FromStr<Err: Display>>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(not_understood)
}

/// The failure of an answer that has something unknown in it.
pub(super) fn not_understood(why: impl Display) -> Failure {
    Failure::new(Exit::Other, format!("the server's answer is not understood: {why}"))
        .hint("the client may be older than the server")
}

/// A value out of text that is empty where there is none.
pub(super) fn optional<T: FromStr<Err: Display>>(text: &str) -> Result<Option<T>, Failure> {
    if text.is_empty() { Ok(None) } else { parse(text).map(Some) }
}

/// Text that is empty where there is none.
pub(super) fn text<T: Display>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// Text that is there.
pub(super) fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Values out of the API's JSON text. Text that is no JSON stays what it is: better shown than hidden.
pub(super) fn params(params: BTreeMap<String, String>) -> Params {
    let value = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    params.into_iter().map(|(key, text)| (key, value(text))).collect()
}

/// The API's JSON text out of values.
pub(super) fn params_text(params: Params) -> BTreeMap<String, String> {
    params.into_iter().map(|(key, value)| (key, value.to_string())).collect()
}

/// The template of each kind.
pub(super) fn templates(templates: BTreeMap<String, String>) -> Result<Templates, Failure> {
    templates.into_iter().map(|(kind, name)| Ok((parse(&kind)?, parse(&name)?))).collect()
}

/// The API's text of them.
pub(super) fn templates_text(templates: Templates) -> BTreeMap<String, String> {
    templates.into_iter().map(|(kind, name)| (kind.to_string(), name.into())).collect()
}

/// `a=1,b=2` for a cell of a table.
pub(super) fn cell<K: Display, V: Display>(map: &BTreeMap<K, V>) -> String {
    map.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}
