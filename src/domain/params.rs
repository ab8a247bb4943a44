//! Free-form values that images, rules and machines hand to templates.

use std::collections::BTreeMap;

use super::{Kind, Name};

/// Named values of any JSON shape.
pub type Params = BTreeMap<String, serde_json::Value>;

/// The template that renders each kind of document.
pub type Templates = BTreeMap<Kind, Name>;

/// Lays `over` upon `base`: a key of `over` replaces the whole value of `base`, nothing is merged inside values.
pub fn layer<K: Ord + Clone, V: Clone>(base: &mut BTreeMap<K, V>, over: &BTreeMap<K, V>) {
    base.extend(over.iter().map(|(key, value)| (key.clone(), value.clone())));
}
