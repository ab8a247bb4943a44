//! Ignition configurations of spec 3.0 to 3.4 (<https://coreos.github.io/ignition/specs/>).

mod spec;
mod storage;

use super::asset::{self, Asset};
use super::finding::{Finding, Lines};
use super::rule::rules;
use super::shape::{self, Rules};
use super::tree::{self, Node};

rules! {
NO_JSON = "IGN001" Error, "no JSON",
    "Ignition takes JSON only, and stops the boot at anything else.",
    "Mend the JSON; in a template values come with their quotes: write {{ x }}, not \"{{ x }}\".";
VERSION = "IGN002" Error, "spec version",
    "ignition.version decides how the rest is read. A version that the Ignition of the image does not know is fatal: Ignition 2.14 takes 3.0.0 to 3.3.0, and none takes 1.x or 2.x together with 3.x.",
    "Write `\"ignition\": {\"version\": \"3.3.0\"}`, or what the image's Ignition knows.";
UNKNOWN_KEY = "IGN003" Warning, "unknown key",
    "Ignition ignores keys that the spec version does not have, so what they say does not happen.",
    "Correct the key, or raise ignition.version.";
MISTYPED = "IGN004" Error, "wrong type",
    "Ignition refuses the whole configuration.",
    "Give a value of the right type.";
MISSING = "IGN005" Error, "missing key",
    "Ignition refuses the whole configuration.",
    "Add the key.";
DUPLICATE = "IGN006" Error, "given twice",
    "Two entries for the same path or name contradict each other, and Ignition refuses them. A key twice in one object is worse: one of them is lost without a word.",
    "Merge the two.";
BAD_SOURCE = "IGN007" Error, "source that can not be fetched",
    "Ignition fetches http, https, tftp, s3, gs, arn and data URLs only, and data URLs need the comma before their content.",
    "Correct the URL; a literal text is `data:,` and the text percent-encoded.";
MODE = "IGN008" Warning, "mode in octal digits",
    "JSON numbers are decimal: 644 is 01204 in octal, which nobody means. Ignition takes it as it is.",
    "Write the decimal number: 420 is 0644, 493 is 0755, 384 is 0600.";
BAD_MODE = "IGN009" Error, "mode out of range",
    "A mode has at most the bits 07777, which is 4095, and Ignition refuses others.",
    "Write the decimal number of the mode.";
RELATIVE_PATH = "IGN010" Error, "relative path",
    "Paths begin with `/`, and Ignition refuses others.",
    "Write the absolute path.";
}

/// Everything that is wrong with a configuration.
pub(super) fn check(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Err(e) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let lines = Lines::of(text);
        let at = (lines.range(text, e.line()).start + e.column().saturating_sub(1)).min(text.len());
        let why = e.to_string();
        let why = why.split(" at line").next().unwrap_or_default();
        found.push(Finding::new(&NO_JSON, at..at + 1, format!("the document is no JSON: {why}")));
        return found;
    }
    // JSON is YAML, but for what YAML limits.
    let root = match tree::parse(text) {
        Ok(Some(root)) => root,
        Ok(None) => return found,
        Err(broken) => {
            found.push(Finding::new(&NO_JSON, broken.at..broken.at + 1, broken.why));
            return found;
        }
    };
    let version = version(&root, &mut found);
    let rules = Rules {
        unknown: &UNKNOWN_KEY,
        mistyped: &MISTYPED,
        missing: &MISSING,
        duplicate: &DUPLICATE,
        nothing: true,
        version: version.unwrap_or(u32::MAX),
        called: "spec version 3.",
    };
    // Of another major version every key is another.
    if version.is_some() {
        shape::check(&root, &spec::CONFIG, "", &rules, &mut found);
        storage::check(&root, &mut found);
    }
    found
}

/// What Ignition fetches: every `source`.
pub(super) fn assets(text: &str) -> Vec<Asset> {
    let mut found = Vec::new();
    if let Ok(Some(root)) = tree::parse(text) {
        sources(&root, text, &mut found);
    }
    found
}

fn sources(node: &Node, text: &str, found: &mut Vec<Asset>) {
    for item in node.items() {
        sources(item, text, found);
    }
    for (key, value) in node.entries() {
        sources(value, text, found);
        let Some(url) = value.text().filter(|_| key.text == "source") else { continue };
        // Without its quotes, where it is written without escapes.
        let at = text[value.range.clone()].find(url).map_or(0, |at| value.range.start + at);
        let range = if at > 0 { at..at + url.len() } else { value.range.clone() };
        found.extend(asset::asset(url, range));
    }
}

/// The minor version of the spec.
fn version(root: &Node, found: &mut Vec<Finding>) -> Option<u32> {
    let node = root.get("ignition").and_then(|ignition| ignition.get("version"));
    let Some(node) = node else {
        let at = root.range.start;
        found.push(Finding::new(&VERSION, at..at + 1, "ignition.version is missing"));
        return None;
    };
    let known = node.text().and_then(|text| match text.split('.').collect::<Vec<_>>()[..] {
        ["3", minor, "0"] => minor.parse().ok().filter(|minor| *minor <= 6),
        _ => None,
    });
    if known.is_none() {
        let said = node.text().map_or_else(|| node.what().to_owned(), |text| format!("{text:?}"));
        let message = format!("ignition.version is {said}, and no released spec of major version 3");
        found.push(Finding::new(&VERSION, node.range.clone(), message));
    }
    known
}
