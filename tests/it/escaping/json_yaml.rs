//! JSON and YAML: one value, no key and no item more; between quotes, in a block or in a text it is refused.

use proptest::prelude::*;
use pxe_init::domain::Kind;
use serde_json::{Value, json};

use super::shell::{arguments, python};
use super::values::{Arrival, many, try_all};

const YAML: [Kind; 5] =
    [Kind::UserData, Kind::MetaData, Kind::VendorData, Kind::NetworkConfig, Kind::Autoinstall];

/// Documents with a value at `@` and the expression for it at `EXPR`, and what they say.
fn in_json(value: &str) -> [(&'static str, Value); 9] {
    let mut keyed = serde_json::Map::new();
    keyed.insert(value.to_owned(), json!(1));
    [
        ("{ \"v\": @, \"z\": 1 }", json!({ "v": value, "z": 1 })),
        ("{ @: 1 }", keyed.into()),
        ("[@, [@], @]", json!([value, [value], value])),
        ("{\"a\\\"b\": \"c\\\\\", \"v\": {\"w\": [@]}}", json!({ "a\"b": "c\\", "v": { "w": [value] } })),
        ("{% set x %}{ \"v\": @ }{% endset %}[{{ x }}]", json!([{ "v": value }])),
        ("{% macro m(x) %}[{{ x }}, @]{% endmacro %}{{ m(EXPR) }}", json!([value, value])),
        ("{% for x in [EXPR] %}{% for y in [x] %}[{{ y }}]{% endfor %}{% endfor %}", json!([value])),
        ("{ \"x\": {% if true %}@{% endif %} }", json!({ "x": value })),
        ("{ \"v\": @\n}", json!({ "v": value })),
    ]
}

fn in_yaml(value: &str) -> [(&'static str, Value); 13] {
    let mut keyed = serde_json::Map::new();
    keyed.insert(value.to_owned(), json!(1));
    [
        ("v: @\nz: 1\n", json!({ "v": value, "z": 1 })),
        ("#cloud-config\n- @\n-   - @\n    - z\n", json!([value, [value, "z"]])),
        ("v: [@, @]\nw: {x: @, y: 1}\n", json!({ "v": [value, value], "w": { "x": value, "y": 1 } })),
        ("@: 1\n", keyed.clone().into()),
        ("? @\n: 1\n", keyed.into()),
        ("v: !!str @ # @\nz: 1\n", json!({ "v": value, "z": 1 })),
        ("v: &a @\nw: *a\n", json!({ "v": value, "w": value })),
        ("# it's for @\nv: 'it''s'\n", json!({ "v": "it's" })),
        ("v: |\n  block's \"text\n# after @\nw: @\n", json!({ "v": "block's \"text\n", "w": value })),
        ("v:\n  @\nz: \"a\n  b\" # @\n", json!({ "v": value, "z": "a b" })),
        ("{% set x %}v: @{% endset %}{{ x }}\nz: 1\n", json!({ "v": value, "z": 1 })),
        ("@", json!(value)),
        ("---\n@\n", json!(value)),
    ]
}

/// Places where a value, quoted or not, could be taken for something else.
const NO_PLACES: [&str; 20] = [
    "v: \"@\"\n",
    "v: \"a @ b\"\n",
    "v: '@'\n",
    "v: 'a @ b'\n",
    "v: a @\n",
    "v: @ b\n",
    "v: a@\n",
    "v: @@\n",
    "v: http://h/@/x\n",
    "- echo @\n",
    "[\"@\"]\n",
    "['@', 1]\n",
    "{a: \"@\"}\n",
    "{a: '@', b: 1}\n",
    "{a: x @}\n",
    "v: |\n  #!/bin/sh\n  echo @\n",
    "v: |\n  a\n\n  # b @\nw: 1\n",
    "v: >-\n  @\n",
    "v: \"a\n  # @\"\n",
    "{% set x %}@{% endset %}v: 'a {{ x }}'\n",
];

fn put(source: &str, expression: &str) -> String {
    source.replace('@', &format!("{{{{ {expression} }}}}")).replace("EXPR", expression)
}

#[test]
fn a_value_is_one_in_json() {
    try_all(|arrival| {
        for (expression, value) in &arrival.ways {
            for (source, meant) in in_json(value) {
                let text = arrival
                    .render(Kind::Ignition, &put(source, expression), expression)
                    .expect("JSON takes any text");
                prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), meant, "{}", text);
            }
        }
        Ok(())
    });
}

#[test]
fn a_value_is_one_in_yaml() {
    try_all(|arrival| {
        for (nth, (expression, value)) in arrival.ways.iter().enumerate() {
            for (source, meant) in in_yaml(value) {
                let text = arrival.render(YAML[nth % YAML.len()], &put(source, expression), expression);
                let text = text.expect("YAML takes any text");
                let read: Value =
                    serde_saphyr::from_str(&text).map_err(|e| TestCaseError::fail(format!("{text}: {e}")))?;
                prop_assert_eq!(read, meant, "{}", text);
            }
        }
        Ok(())
    });
}

/// Where it could not be one value it is refused, however harmless it looks: so its author finds out.
#[test]
fn a_value_within_a_text_is_refused() {
    try_all(|arrival| {
        for (nth, (expression, _)) in arrival.ways.iter().enumerate() {
            for source in NO_PLACES {
                let name = if source.contains("set x") { "x" } else { expression };
                let text = arrival.render(YAML[nth % YAML.len()], &put(source, expression), name);
                prop_assert_eq!(text, None, "{}", source);
            }
            for source in ["{ \"v\": \"@\" }", "[\"@\"]", "{ \"a @\": 1 }", "[1, \"\\\"@\"]"] {
                prop_assert_eq!(
                    arrival.render(Kind::Ignition, &put(source, expression), expression),
                    None,
                    "{}",
                    source
                );
            }
        }
        Ok(())
    });
}

/// A command for a shell in a list of commands is one text with one quoted word in it.
#[test]
fn a_quoted_word_in_a_text_is_one_word_of_it() {
    try_all(|arrival| {
        for (expression, value) in &arrival.ways {
            let source = format!(
                "runcmd:\n- {{{{ 'echo ' ~ {expression}|sh ~ ' end' }}}}\n- [echo, {{{{ {expression} }}}}]\n"
            );
            let Some(text) = arrival.render(Kind::UserData, &source, expression) else { continue };
            let read: Value = serde_saphyr::from_str(&text).unwrap();
            prop_assert_eq!(
                shell_words::split(read["runcmd"][0].as_str().unwrap()).unwrap(),
                ["echo", value, "end"]
            );
            prop_assert_eq!(&read["runcmd"][1], &json!(["echo", value]));
            let source = format!("v: |\n  echo {{{{ {expression}|sh|raw }}}} end\nz: 1\n");
            let text = arrival.render(Kind::UserData, &source, expression).unwrap();
            let read: Value = serde_saphyr::from_str(&text).unwrap();
            prop_assert_eq!(read.as_object().unwrap().len(), 2);
            prop_assert_eq!(shell_words::split(read["v"].as_str().unwrap()).unwrap(), ["echo", value, "end"]);
        }
        Ok(())
    });
}

/// User-data that is a script takes plain words, wherever they stand.
#[test]
fn a_value_in_a_script_is_a_plain_word() {
    try_all(|arrival| {
        for (expression, value) in &arrival.ways {
            for kind in [Kind::UserData, Kind::VendorData] {
                for body in ["echo @ end", "echo a=@ end", "echo 'a @' end", "echo \"a @\" end"] {
                    let source = format!("#!/bin/sh\n{}\n", put(body, expression));
                    let Some(text) = arrival.render(kind, &source, expression) else { continue };
                    let meant = shell_words::split(&body.replace('@', "\u{1}")).unwrap();
                    let meant: Vec<_> = meant.iter().map(|word| word.replace('\u{1}', value)).collect();
                    prop_assert_eq!(arguments(text.strip_prefix("#!/bin/sh\n").unwrap()), meant);
                }
            }
        }
        Ok(())
    });
}
/// What cloud-init makes parts or YAML of by itself: only a plain word in double quotes says the same everywhere.
#[test]
fn a_value_in_a_mixed_document_is_a_plain_word() {
    try_all(|arrival| {
        for (expression, value) in &arrival.ways {
            for head in [
                "MIME-Version: 1.0\n\n",
                "Content-Type: multipart/mixed\n\n",
                "## template: jinja\n#cloud-config\n",
            ] {
                let source = put(&format!("{head}v: @\n"), expression);
                let Some(text) = arrival.render(Kind::UserData, &source, expression) else { continue };
                prop_assert_eq!(text, format!("{head}v: \"{value}\"\n"));
                let means_something = |c: char| c.is_whitespace() || "{}$`\\\"'#;&|<>".contains(c);
                prop_assert!(!value.contains(means_something), "{}", value);
            }
        }
        Ok(())
    });
}

/// cloud-init, netplan and Subiquity read YAML with `PyYAML`.
#[test]
fn python_reads_the_same_yaml() {
    let mut documents = Vec::new();
    let mut meant = Vec::new();
    for value in many(150) {
        let arrival = Arrival::of(&value);
        for (source, says) in in_yaml(&value) {
            documents.push(arrival.render(Kind::UserData, &put(source, "params.v"), "params.v").unwrap());
            meant.push(says);
        }
    }
    let program =
        "import json, sys, yaml\njson.dump([yaml.safe_load(d) for d in json.load(sys.stdin)], sys.stdout)";
    let Some(read) = python("json_yaml::python_reads_the_same_yaml", "yaml", program, &json!(documents))
    else {
        return;
    };
    for ((document, read), meant) in documents.iter().zip(read.as_array().unwrap()).zip(meant) {
        assert_eq!(*read, meant, "{document}");
    }
}
