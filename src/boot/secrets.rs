//! Params that only the machine may see.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Snapshot;
use crate::domain::Params;
use crate::resolve::Resolution;

/// What stands in the place of a text that is secret. It is a plain word of every kind of document.
pub const MASK: &str = "__secret__";

/// The names of the params that some template or image of a catalog declares to be secret. They are so for every document:
/// a template that does not declare them must not be a way to read them.
#[derive(Clone, Debug, Default)]
pub struct Secrets(BTreeSet<String>);

impl Secrets {
    /// Those that anything in these snapshots declares.
    pub fn of(snapshots: &[&Snapshot]) -> Self {
        let mut found = BTreeSet::new();
        for snapshot in snapshots {
            let images = snapshot.catalog.images().values().flat_map(|entry| &entry.value.declares);
            found.extend(images.filter(|(_, spec)| spec.secret).map(|(name, _)| name.clone()));
            found.extend(snapshot.templates.secrets().map(str::to_owned));
        }
        Self(found)
    }

    /// Their names.
    pub fn names(&self) -> &BTreeSet<String> {
        &self.0
    }

    /// Whether this param is one.
    pub fn has(&self, param: &str) -> bool {
        self.0.contains(param)
    }

    /// What is shown in the place of a param of this name.
    pub fn shown(&self, param: &str, value: Value) -> Value {
        if self.has(param) { masked(&value) } else { value }
    }

    /// The resolution with masks in the place of secrets; none where it has no secrets.
    pub(super) fn mask(&self, resolution: &Resolution) -> Option<Resolution> {
        let mut masked = resolution.clone();
        let mut any = false;
        if let Some(machine) = &mut masked.machine {
            any |= self.mask_layer(machine, |machine| &machine.params, |machine| &mut machine.params);
        }
        if let Some(rule) = &mut masked.rule {
            any |= self.mask_layer(rule, |rule| &rule.params, |rule| &mut rule.params);
        }
        if let Some(image) = &mut masked.image {
            any |= self.mask_layer(image, |image| &image.params, |image| &mut image.params);
        }
        any.then_some(masked)
    }

    fn mask_layer<T: Clone>(
        &self,
        layer: &mut Arc<T>,
        params: impl Fn(&T) -> &Params,
        params_mut: impl Fn(&mut T) -> &mut Params,
    ) -> bool {
        if !params(layer).keys().any(|name| self.has(name)) {
            return false;
        }
        for (name, value) in params_mut(Arc::make_mut(layer)) {
            if self.has(name) {
                *value = masked(value);
            }
        }
        true
    }
}

/// A value of the same type that tells nothing.
pub fn masked(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => json!(false),
        Value::Number(_) => json!(0),
        Value::String(_) => json!(MASK),
        Value::Array(items) => json!(items.iter().map(masked).collect::<Vec<_>>()),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), masked(value))).collect(),
    }
}
