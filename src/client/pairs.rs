//! `KEY=VALUE` on the command line.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::failure::{Exit, Failure};
use crate::domain::{Kind, ParamSpec};

/// Parses `KEY=VALUE`; the value may be empty and may contain `=`.
pub(super) fn text(pair: &str) -> Result<(String, String), String> {
    match pair.split_once('=') {
        Some(("", _)) => Err("there is no key before the =".to_owned()),
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err("there is no =; write KEY=VALUE".to_owned()),
    }
}

/// Parses `KEY=VALUE`, where the value is JSON if it parses as JSON and a string otherwise. `@FILE` stands for what is in
/// the file, less one line end; a value that begins with `@` is written `@@…`.
pub(super) fn param(pair: &str) -> Result<(String, Value), String> {
    let (key, value) = text(pair)?;
    let value = match value.strip_prefix('@') {
        None => json_or_string(value),
        Some(rest) if rest.starts_with('@') => json_or_string(rest.to_owned()),
        Some(path) => {
            let mut content = fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
            if content.ends_with('\n') {
                content.pop();
            }
            json_or_string(content)
        }
    };
    Ok((key, value))
}

/// Parses `KIND=TEMPLATE`.
pub(super) fn template(pair: &str) -> Result<(String, String), String> {
    let (kind, template) = text(pair)?;
    kind.parse::<Kind>().map_err(|e| e.to_string())?;
    Ok((kind, template))
}

/// Parses `NAME=SPEC`, where the declaration is the name of a type, or a map in YAML or JSON.
pub(super) fn declaration(pair: &str) -> Result<(String, ParamSpec), String> {
    let (name, spec) = text(pair)?;
    let spec: Value = serde_saphyr::from_str(&spec)
        .map_err(|e| format!("{spec:?} is neither the name of a type nor a map: {e}"))?;
    let spec = ParamSpec::try_from(spec).map_err(|e| e.to_string())?;
    Ok((name, spec))
}

/// A map of the pairs that `flag` was given; a key that is given twice is an error, as one of them would be lost.
pub(super) fn collect<V>(flag: &str, pairs: Vec<(String, V)>) -> Result<BTreeMap<String, V>, Failure> {
    let mut map = BTreeMap::new();
    for (key, value) in pairs {
        if map.contains_key(&key) {
            return Err(Failure::new(Exit::Usage, format!("{flag} {key}=… is given twice; give it once")));
        }
        map.insert(key, value);
    }
    Ok(map)
}

/// JSON where it parses as JSON, but a string where that would lose digits of a long number such as an asset tag.
fn json_or_string(text: String) -> Value {
    match serde_json::from_str(&text) {
        Ok(Value::Number(number)) if number.is_f64() && !text.contains(['.', 'e', 'E']) => {
            Value::String(text)
        }
        Ok(value) => value,
        Err(_) => Value::String(text),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn keys_end_at_the_first_equals_sign() {
        assert_eq!(text("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(text("a="), Ok(("a".to_owned(), String::new())));
        assert!(text("a").unwrap_err().contains("write KEY=VALUE"));
        assert!(text("=a").unwrap_err().contains("no key"));
    }

    #[test]
    fn params_are_json_where_they_parse() {
        for (pair, value) in [
            ("k=1", json!(1)),
            ("k=-1.5", json!(-1.5)),
            ("k=true", json!(true)),
            ("k=null", json!(null)),
            ("k=[1,\"a\"]", json!([1, "a"])),
            ("k={\"a\": {\"b\": []}}", json!({"a": {"b": []}})),
            ("k=\"1\"", json!("1")),
            ("k=ttyS0,115200", json!("ttyS0,115200")),
            ("k=007", json!("007")),
            ("k=", json!("")),
            ("k=[1,", json!("[1,")),
            ("k=123456789012345678901234567890", json!("123456789012345678901234567890")),
            ("k=@@handle", json!("@handle")),
        ] {
            assert_eq!(param(pair), Ok(("k".to_owned(), value)), "{pair}");
        }
    }

    #[test]
    fn params_come_from_files() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"ssh-ed25519 AAAA me\n").unwrap();
        let pair = format!("key=@{}", file.path().display());
        assert_eq!(param(&pair), Ok(("key".to_owned(), json!("ssh-ed25519 AAAA me"))));
        assert!(param("key=@/does/not/exist").unwrap_err().starts_with("/does/not/exist: "));
    }

    #[test]
    fn a_key_counts_once() {
        let pair = |key: &str| (key.to_owned(), 1);
        assert_eq!(collect("--param", vec![pair("a"), pair("b")]).unwrap().len(), 2);
        let failure = collect("--param", vec![pair("a"), pair("a")]).unwrap_err();
        assert_eq!(failure, Failure::new(Exit::Usage, "--param a=… is given twice; give it once"));
    }

    #[test]
    fn declarations_are_a_type_or_a_map() {
        let spec = |pair: &str| declaration(pair).map(|(_, spec)| serde_json::to_value(spec).unwrap());
        assert_eq!(spec("disk=string"), Ok(json!({"type": "string"})));
        assert_eq!(
            spec("n={type: integer, default: 3, help: \"how many: exactly\"}"),
            Ok(json!({"type": "integer", "default": 3, "help": "how many: exactly"}))
        );
        assert!(spec("n=int").unwrap_err().contains("use one of string, integer"));
        assert!(spec("n={type: list, defualt: []}").unwrap_err().contains("did you mean default?"));
        assert!(spec("n={type: list").is_err());
        assert!(spec("n").unwrap_err().contains("write KEY=VALUE"));
    }

    #[test]
    fn template_pairs_name_a_kind() {
        assert_eq!(template("ipxe=coreos"), Ok(("ipxe".to_owned(), "coreos".to_owned())));
        assert!(template("pxe=coreos").unwrap_err().contains("use one of ipxe, ignition"));
    }
}
