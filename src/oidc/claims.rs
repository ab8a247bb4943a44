//! What a token says of its holder.

use serde_json::{Map, Value};

use super::{Grant, PREFIX, Settings, Verified};

/// What is said.
pub(super) type Claims = Map<String, Value>;

/// The longest name, in characters.
const MAX_NAME: usize = 200;

/// Whom it is for.
///
/// # Errors
/// Where the token does not name him in a way that can stand in a history.
pub(super) fn holder(claims: &Claims, settings: &Settings) -> Result<Verified, String> {
    let claim = &settings.name_claim;
    let name = match find(claims, claim) {
        Some(Value::String(name)) => name.trim(),
        Some(_) => return Err(format!("its claim {claim}, which is to be the caller's name, is no text")),
        None => return Err(format!("it has no claim {claim}, which is to be the caller's name")),
    };
    let plain = |c: char| c.is_alphanumeric() || c.is_ascii_graphic() || c == ' ';
    if name.is_empty() || name.chars().count() > MAX_NAME || !name.chars().all(plain) {
        return Err(format!(
            "its claim {claim} is no name: it takes 1 to {MAX_NAME} letters, digits and ASCII signs"
        ));
    }
    let given = values(claims, &settings.role_claim);
    let fitting = || settings.grants.iter().filter(|Grant { value, .. }| given.contains(&value.as_str()));
    Ok(Verified {
        name: format!("{PREFIX}{name}"),
        role: fitting().map(|grant| grant.role).max(),
        secrets: fitting().any(|grant| grant.secrets),
    })
}

/// The values of a claim: a text, or a list of texts.
pub(super) fn values<'a>(claims: &'a Claims, claim: &str) -> Vec<&'a str> {
    match find(claims, claim) {
        // A list in one text (RFC 8693, section 4.2).
        Some(Value::String(text)) if matches!(claim, "scope" | "scp") => text.split(' ').collect(),
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A claim of this name, and otherwise one within others: `realm_access.roles`.
fn find<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    find(claims.get(first)?.as_object()?, rest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(claims: &Value, claim: &str) -> Vec<String> {
        values(claims.as_object().unwrap(), claim).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_claim_is_found_by_its_name_and_within_others() {
        let claims = json!({
            "groups": ["a", 1, "b"], "one": "a b", "scope": "a b", "https://example.org/roles": ["c"],
            "realm_access": { "roles": ["d"] }, "n": 5,
        });
        assert_eq!(of(&claims, "groups"), ["a", "b"]);
        assert_eq!(of(&claims, "one"), ["a b"]);
        assert_eq!(of(&claims, "scope"), ["a", "b"]);
        assert_eq!(of(&claims, "https://example.org/roles"), ["c"]);
        assert_eq!(of(&claims, "realm_access.roles"), ["d"]);
        for none in ["n", "absent", "realm_access.absent", "groups.a", "realm_access"] {
            assert!(of(&claims, none).is_empty(), "{none}");
        }
    }
}
