//! What all YAML documents have in common.

use super::finding::Finding;
use super::rule::rules;
use super::tree::{self, Node};

rules! {
NO_YAML = "YML001" Error, "no YAML",
    "The document does not parse, so nothing of it counts: cloud-init goes on as if there were none.",
    "Mend the line; indent with spaces, and quote values that have `: `, ` #` or a leading special character.";
DUPLICATE_KEY = "YML002" Warning, "a key twice",
    "YAML does not allow a key twice in a map; readers take the last one and say nothing.",
    "Remove one of them.";
}

/// The tree of a document; nothing where it is empty or does not parse, which is a finding.
pub(super) fn parse(text: &str, found: &mut Vec<Finding>) -> Option<Node> {
    match tree::parse(text) {
        Ok(root) => root,
        Err(broken) => {
            found.push(Finding::new(
                &NO_YAML,
                broken.at..broken.at + 1,
                format!("the document is no YAML: {}", broken.why),
            ));
            None
        }
    }
}
