//! Documents: what `get -o yaml` prints, `register -f` reads and `edit` edits.

use std::io::Read as _;
use std::path::Path;
use std::{fs, io};

use serde::de::DeserializeOwned;

use super::failure::{Exit, Failure};

/// Reads a file, or standard input for `-`.
pub(super) fn read_file(path: &Path) -> Result<String, Failure> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(path)
    };
    let failure = |why: String| Failure::new(Exit::Other, format!("{}: {why}", display(path)));
    String::from_utf8(bytes.map_err(|e| failure(e.to_string()))?)
        .map_err(|_| failure("is not UTF-8 text".to_owned()))
}

/// Parses the document in `text`, or the list of them. `path` is for messages only.
pub(super) fn parse_many<T: DeserializeOwned>(text: &str, path: &Path) -> Result<Vec<T>, Failure> {
    if is_list(text) { parse(text, path) } else { parse(text, path).map(|one| vec![one]) }
}

/// Parses the one document in `text`, which is YAML, and so may be JSON. `path` is for messages only.
pub(super) fn parse<T: DeserializeOwned>(text: &str, path: &Path) -> Result<T, Failure> {
    let options = serde_saphyr::options! {
        // `on`, `off`, `yes` and `no` are words, as in YAML 1.2 and JSON.
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options)
        .map_err(|e| Failure::new(Exit::Refused, format!("{}: {e}", display(path))))
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
