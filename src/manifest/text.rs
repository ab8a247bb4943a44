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
