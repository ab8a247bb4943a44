//! From text to trees: YAML with several documents, or JSON.

use serde_json::Value;
use serde_saphyr::{DefaultMessageFormatter, MessageFormatter as _};

use super::tree::{At, Node};

/// Why a text is no YAML and no JSON.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) at: At,
    pub(super) why: String,
}

/// How deep lists and maps may nest. The reader is recursive, and what nests without end would end the program.
const MOST_DEPTH: usize = 48;

/// The documents of a text. A document that is a list stands for its items.
pub(super) fn documents(text: &str) -> Result<Vec<Node>, Broken> {
    let documents = match from_yaml(text) {
        Ok(documents) => documents,
        // YAML forbids characters that JSON allows in strings; what is no YAML may still be JSON.
        Err(broken) if text.trim_start().starts_with(['{', '[']) => match serde_json::from_str::<Value>(text)
        {
            Ok(value) => vec![Node::from(value)],
            Err(_) => return Err(broken),
        },
        Err(broken) => return Err(broken),
    };
    Ok(documents.into_iter().flat_map(Node::into_items).collect())
}

fn from_yaml(text: &str) -> Result<Vec<Node>, Broken> {
    let unlimited = usize::MAX;
    let options = serde_saphyr::options! {
        // `on`, `off`, `yes` and `no` are words, as in YAML 1.2 and JSON.
        strict_booleans: true,
        with_snippet: false,
        // A site's machines in one file are a great many nodes; the size of files is limited where they are read. Aliases
        // keep their limits.
        budget: serde_saphyr::budget! {
            max_events: unlimited,
            max_depth: MOST_DEPTH,
            max_documents: unlimited,
            max_nodes: unlimited,
            max_total_scalar_bytes: unlimited,
            max_recorded_anchor_events: 100_000,
        },
    };
    serde_saphyr::from_multiple_with_options(text, options).map_err(|error| Broken {
        at: error.location().map(At::from).unwrap_or_default(),
        why: DefaultMessageFormatter.format_message(error.without_snippet()).replace(char::is_control, " "),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::write::yaml;
    use super::*;

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
            let values = Value::Object(values.into_iter().collect());
            for text in [yaml(&values).unwrap(), serde_json::to_string_pretty(&values).unwrap()] {
                let read: Vec<Value> = documents(&text).unwrap().iter().map(Node::to_json).collect();
                prop_assert_eq!(read.as_slice(), std::slice::from_ref(&values), "{}", text);
            }
        }
    }

    #[test]
    fn documents_and_lists_of_them() {
        let names =
            |text: &str| -> Vec<Value> { documents(text).unwrap().iter().map(Node::to_json).collect() };
        for text in ["1\n---\n2\n", "- 1\n- 2\n", "[1, 2]", "# c\n---\n- 1\n---\n# c\n---\n2\n...\n"] {
            assert_eq!(names(text), [Value::from(1), Value::from(2)], "{text}");
        }
        for text in ["", "# only a comment\n", "---\n", "[]", "---\n---\n"] {
            assert_eq!(names(text), [Value::Null; 0], "{text:?}");
        }
    }
}
