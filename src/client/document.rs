//! Documents: what `get -o yaml` prints, `register -f` reads and `edit` edits.

use std::io::Read as _;
use std::path::Path;
use std::{fs, io};

use serde::de::DeserializeOwned;

use super::failure::{Exit, Failure};

/// The largest file that is read, in bytes: a list of some hundred thousand machines.
const MAX_FILE: u64 = 256 << 20;

/// Reads a file, or standard input for `-`.
pub(super) fn read_file(path: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin().take(MAX_FILE + 1).read_to_end(&mut bytes)
    } else {
        fs::File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
    };
    let failure = |why: String| Failure::new(Exit::Other, format!("{}: {why}", display(path)));
    let read = read.map_err(|e| failure(e.to_string()))?;
    if read as u64 > MAX_FILE {
        return Err(failure(format!("is larger than {} MiB", MAX_FILE >> 20)));
    }
    String::from_utf8(bytes).map_err(|_| failure("is not UTF-8 text".to_owned()))
}

/// Parses the document in `text`, or the list of them. `path` is for messages only.
pub(super) fn parse_many<T: DeserializeOwned>(text: &str, path: &Path) -> Result<Vec<T>, Failure> {
    if is_list(text) { parse(text, path) } else { parse(text, path).map(|one| vec![one]) }
}

/// Parses the one document in `text`, which is JSON or YAML. `path` is for messages only.
pub(super) fn parse<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T, Failure> {
    let failure = |why: String| Failure::new(Exit::Refused, format!("{}: {why}", display(path)));
    if text.trim_start().starts_with(['{', '[']) {
        // YAML forbids characters that JSON allows in strings; what is no JSON may still be YAML of that style.
        match serde_json::from_str(text) {
            Ok(value) => return Ok(value),
            Err(error) if error.is_data() => return Err(failure(error.to_string())),
            Err(_) => {}
        }
    }
    let options = serde_saphyr::options! {
        // `on`, `off`, `yes` and `no` are words, as in YAML 1.2 and JSON.
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|e| failure(e.to_string()))
}

/// Whether the first thing that the text says is an element of a list.
fn is_list(text: &str) -> bool {
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim_start);
    lines
        .find(|line| !line.is_empty() && !line.starts_with('#') && *line != "---")
        .is_some_and(|line| line.starts_with('[') || line == "-" || line.starts_with("- "))
}

fn display(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// Whether a revision was never set: `skip_serializing_if` wants it.
pub(super) fn is_zero(revision: &u64) -> bool {
    *revision == 0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::client::print::{json, yaml};

    /// Any JSON value, with strings that look like something else in YAML.
    fn value() -> impl Strategy<Value = Value> {
        let tricky = prop::sample::select(vec![
            "",
            " ",
            "~",
            "null",
            "yes",
            "no",
            "on",
            "true",
            "0x10",
            "0o7",
            "010",
            "1e3",
            "1_000",
            "12:30:45",
            "2026-01-01",
            "- a",
            "a: b",
            "a #b",
            "# a",
            "---",
            "...",
            "{{ x }}",
            "${net0/mac}",
            "%x",
            "@x",
            "`x`",
            "&a",
            "*a",
            "!x",
            "|",
            ">",
            "a\n",
            "a\n\n",
            "\na",
            " a",
            "a ",
            "\ta",
            "é\u{2028}",
            "\u{feff}",
            "\u{0}",
            "\u{85}",
            "'",
            "\"",
            "\\",
            "=",
            "<<",
            ".inf",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            // serde_json rounds the last digit of others unless told not to.
            any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
            tricky.prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
            "(?s).{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z~ ]{0,5}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(values in prop::collection::btree_map("[a-z]{1,5}", value(), 0..4)) {
            for text in [yaml(&values).unwrap(), json(&values).unwrap()] {
                let read: BTreeMap<String, Value> = parse(&text, Path::new("test")).unwrap();
                prop_assert_eq!(&read, &values, "{}", text);
            }
        }
    }

    #[test]
    fn lists_are_told_from_documents() {
        for text in ["- name: a", "# c\n\n---\n- name: a", "-\n  name: a", "[]", " [{}]"] {
            assert!(is_list(text), "{text}");
        }
        for text in ["", "name: a", "-name: a", "---\nname: [a]", "{}", "# - a\nname: a"] {
            assert!(!is_list(text), "{text}");
        }
    }
}
