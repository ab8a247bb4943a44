//! What of an entry is not for people.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::boot::{Secrets, masked};
use crate::domain::AuditEntry;

/// Puts masks in the place of the params that are secret now, or were when the entry was made.
pub(super) fn mask(entry: &mut AuditEntry, now: &Secrets) {
    let then: BTreeSet<String> = serde_json::from_str(&entry.secrets).unwrap_or_default();
    let is_secret = |name: &str| now.has(name) || then.contains(name);
    for text in [&mut entry.before, &mut entry.after].into_iter().flatten() {
        *text = match serde_json::from_str::<Value>(text) {
            Ok(mut value) => {
                hide(&mut value, is_secret);
                value.to_string()
            }
            // Not what this program wrote, and so nobody can say what of it is secret.
            Err(_) => "null".to_owned(),
        };
    }
}

fn hide(noted: &mut Value, is_secret: impl Fn(&str) -> bool) {
    if let Some(params) = noted.get_mut("params").and_then(Value::as_object_mut) {
        for (name, value) in params {
            if is_secret(name) {
                *value = masked(value);
            }
        }
    }
    if let Some(declared) = noted.get_mut("declares").and_then(Value::as_object_mut) {
        for (name, spec) in declared {
            let secret = is_secret(name) || spec.get("secret").and_then(Value::as_bool) == Some(true);
            for field in ["default", "choices"] {
                if let Some(value) = spec.get_mut(field).filter(|_| secret) {
                    *value = masked(value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::{Actor, Timestamp};

    #[test]
    fn hides_what_was_secret_then_and_defaults_of_secrets() {
        let noted = json!({
            "name": "fcos",
            "params": {"token": "hunter2", "keys": ["a", 1], "site": "b"},
            "declares": {"token": {"type": "string", "default": "hunter3", "secret": true}, "site": {"default": "x"}},
        });
        let mut entry = AuditEntry {
            id: 1,
            at: Timestamp(0),
            actor: Actor { name: "ada".into(), origin: "::1".into() },
            revision: 1,
            noun: "image".into(),
            name: "fcos".into(),
            action: "create".into(),
            before: Some("no JSON hunter2".into()),
            after: Some(noted.to_string()),
            message: String::new(),
            secrets: r#"["keys","token"]"#.into(),
            salt: String::new(),
            previous: String::new(),
            hash: String::new(),
        };
        mask(&mut entry, &Secrets::default());
        assert_eq!(entry.before.as_deref(), Some("null"));
        assert_eq!(
            serde_json::from_str::<Value>(&entry.after.unwrap()).unwrap(),
            json!({
                "name": "fcos",
                "params": {"token": "__secret__", "keys": ["__secret__", 0], "site": "b"},
                "declares": {
                    "token": {"type": "string", "default": "__secret__", "secret": true},
                    "site": {"default": "x"},
                },
            })
        );
    }
}
