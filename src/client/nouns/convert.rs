//! What the nouns have in common between the API, which carries text, and the domain.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use serde_json::Value;

use crate::client::failure::{Exit, Failure};
use crate::domain::{ParamSpec, ParamType, Params, Templates};
use crate::proto::pxe_init as pb;

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

/// A declaration out of the API. A type that this client does not know is taken for text.
pub(in crate::client) fn spec(spec: pb::ParamSpec) -> ParamSpec {
    let pb::ParamSpec { r#type, default, required, help, secret, choices } = spec;
    let value = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    ParamSpec {
        ty: r#type.parse().unwrap_or(ParamType::String),
        default: Some(default).filter(|text| !text.is_empty()).map(value),
        required,
        help,
        secret,
        choices: choices.into_iter().map(value).collect(),
    }
}

/// The API's form of a declaration.
pub(super) fn spec_text(spec: &ParamSpec) -> pb::ParamSpec {
    pb::ParamSpec {
        r#type: spec.ty.as_str().to_owned(),
        default: spec.default.as_ref().map(ToString::to_string).unwrap_or_default(),
        required: spec.required,
        help: spec.help.clone(),
        secret: spec.secret,
        choices: spec.choices.iter().map(ToString::to_string).collect(),
    }
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
