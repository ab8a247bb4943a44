//! Findings as SARIF 2.1.0, which code scanning reads.
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use serde_json::{Value, json};

use super::{Found, Linted};
use crate::lint::{self, Rule, Severity};

/// The log of one run.
pub(super) fn log(linted: &[Linted]) -> Value {
    let rules: Vec<&Rule> = lint::rules().collect();
    let results: Vec<Value> =
        linted.iter().flat_map(|file| &file.findings).map(|found| result(found, &rules)).collect();
    let artifacts: Vec<Value> = linted
        .iter()
        .filter_map(|file| Some((file, file.length?)))
        .map(|(file, length)| json!({ "location": { "uri": uri(&file.path) }, "length": length }))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "pxe-init-client",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "artifacts": artifacts,
            "results": results,
        }],
    })
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "shortDescription": { "text": rule.title },
        "fullDescription": { "text": rule.explanation },
        "help": { "text": rule.fix },
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn result(found: &Found, rules: &[&Rule]) -> Value {
    let mut result = json!({
        "ruleId": found.code,
        "level": level(found.severity),
        "message": { "text": format!("{}; {}", found.message, found.help) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&found.path) },
            "region": {
                "startLine": found.line,
                "startColumn": found.column,
                "endColumn": found.column + found.width,
            },
        } }],
    });
    if let Some(count) = found.count {
        result["occurrenceCount"] = json!(count);
        result["properties"] = json!({ "machines": found.machines, "template": found.template });
    }
    // What another tool said has no rule of ours.
    if let Some(index) = rules.iter().position(|rule| rule.code == found.code) {
        result["ruleIndex"] = json!(index);
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// A path as a relative URI reference, or a `file:` URI.
fn uri(path: &str) -> String {
    let mut text = if path.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                text.push(char::from(byte));
            }
            _ => text += &format!("%{byte:02X}"),
        }
    }
    text
}
