//! Parameters between the API, which carries JSON text, and documents, which carry values.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::{ParamSpec, ParamType};
use crate::proto::pxe_init as pb;

/// Values out of the API's JSON text. Text that is no JSON stays what it is: better shown than hidden.
pub(super) fn from_proto(params: BTreeMap<String, String>) -> BTreeMap<String, Value> {
    let value = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    params.into_iter().map(|(key, text)| (key, value(text))).collect()
}

/// The API's JSON text out of values.
pub(super) fn to_proto(params: BTreeMap<String, Value>) -> BTreeMap<String, String> {
    params.into_iter().map(|(key, value)| (key, value.to_string())).collect()
}

/// A declaration out of the API. A type that this client does not know is taken for text.
pub(in crate::client) fn spec_from_proto(spec: pb::ParamSpec) -> ParamSpec {
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
pub(super) fn spec_to_proto(spec: &ParamSpec) -> pb::ParamSpec {
    pb::ParamSpec {
        r#type: spec.ty.as_str().to_owned(),
        default: spec.default.as_ref().map(ToString::to_string).unwrap_or_default(),
        required: spec.required,
        help: spec.help.clone(),
        secret: spec.secret,
        choices: spec.choices.iter().map(ToString::to_string).collect(),
    }
}

/// `a=1,b=2` for a cell of a table.
pub(super) fn cell<V: ToString>(map: &BTreeMap<String, V>) -> String {
    map.iter().map(|(key, value)| format!("{key}={}", value.to_string())).collect::<Vec<_>>().join(",")
}
