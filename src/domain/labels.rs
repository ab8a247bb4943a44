//! Free-form marks by which operators find and group what they manage.

use std::collections::BTreeMap;

use super::violation::check_text;
use super::{MAX_FACT_BYTES, Violation};

/// Values by key. All four nouns have them; selectors see those of the registered machine alone.
pub type Labels = BTreeMap<String, String>;

/// Adds a violation for each label that can not be kept.
pub(super) fn check_labels(labels: &Labels, found: &mut Vec<Violation>) {
    for (key, value) in labels {
        if !is_label_key(key) {
            found.push(Violation::new(
                "labels",
                format!(
                    "the key {key:?} is not 1 to 63 of A-Z a-z 0-9 . _ / - beginning with a letter or digit"
                ),
            ));
        }
        if !value.is_empty() {
            check_text(&format!("labels.{key}"), value, MAX_FACT_BYTES, found);
        }
    }
}

fn is_label_key(key: &str) -> bool {
    key.len() <= 63
        && key.starts_with(|c: char| c.is_ascii_alphanumeric())
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'/' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_which_label_is_wrong() {
        let fields = |key: &str, value: &str| {
            let mut found = Vec::new();
            check_labels(&Labels::from([(key.to_owned(), value.to_owned())]), &mut found);
            found.into_iter().map(|violation| violation.field).collect::<Vec<_>>()
        };
        for good in ["rack", "site/room", "a.b-c_d", "9"] {
            assert_eq!(fields(good, "x"), Vec::<String>::new(), "{good:?}");
        }
        assert_eq!(fields("rack", ""), Vec::<String>::new());
        for bad in ["", "-a", "a b", "ä", &"a".repeat(64)] {
            assert_eq!(fields(bad, "x"), ["labels"], "{bad:?}");
        }
        for bad in [" x", "a\nb", &"a".repeat(MAX_FACT_BYTES + 1)] {
            assert_eq!(fields("rack", bad), ["labels.rack"], "{bad:?}");
        }
    }
}
