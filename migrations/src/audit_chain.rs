//! How the rows of the audit hold each other: each has the hash of the one before and of its own content.
//!
//! This is what stored rows were made by: it never changes. Another way would be another version in [`VERSION`].

use sha2::{Digest, Sha256};

/// Begins what is hashed, so that nothing else can have the same hash.
const VERSION: &str = "pxe-init audit 1";

/// What the first row has in the place of the hash of the one before.
pub const BEGINNING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One row of the audit, as far as its hash depends on it: all but its number.
#[derive(Clone, Debug)]
pub struct AuditLink<'a> {
    /// The hash of the row before.
    pub previous: &'a str,
    /// Random, so that nobody can find out by trying what a secret in `before` or `after` was.
    pub salt: &'a str,
    /// The catalog revision that the change made; 0 of what made none.
    pub revision: i64,
    /// Milliseconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: &'a str,
    /// From where.
    pub origin: &'a str,
    /// What kind of thing.
    pub noun: &'a str,
    /// Its name.
    pub name: &'a str,
    /// What was done.
    pub action: &'a str,
    /// The thing before, as JSON in clear.
    pub before: Option<&'a str>,
    /// The thing after, likewise.
    pub after: Option<&'a str>,
    /// Why.
    pub message: &'a str,
    /// The params of it that were secret then, as a JSON list.
    pub secrets: &'a str,
}

impl AuditLink<'_> {
    /// The hash of this row: SHA-256 in lower-case hexadecimal.
    ///
    /// Each part goes in with its length before it, and one that is absent differs from one that is empty: no two rows that
    /// differ give the same bytes.
    pub fn hash(&self) -> String {
        let (revision, at) = (self.revision.to_string(), self.at.to_string());
        let parts = [
            Some(VERSION),
            Some(self.previous),
            Some(self.salt),
            Some(&revision),
            Some(&at),
            Some(self.actor),
            Some(self.origin),
            Some(self.noun),
            Some(self.name),
            Some(self.action),
            self.before,
            self.after,
            Some(self.message),
            Some(self.secrets),
        ];
        let mut hash = Sha256::new();
        for part in parts {
            match part {
                Some(text) => {
                    hash.update(format!("{}:", text.len()));
                    hash.update(text);
                }
                None => hash.update("-"),
            }
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: AuditLink<'_> = AuditLink {
        previous: BEGINNING,
        salt: "s",
        revision: 1,
        at: 2,
        actor: "ada",
        origin: "192.0.2.7",
        noun: "image",
        name: "fcos",
        action: "create",
        before: None,
        after: Some("{}"),
        message: "",
        secrets: "[]",
    };

    /// Stored rows have this hash; it must never be another.
    #[test]
    fn the_hash_of_a_row_stays_what_it_is() {
        let text = format!(
            "16:pxe-init audit 164:{BEGINNING}1:s1:11:23:ada9:192.0.2.75:image4:fcos6:create-2:{{}}0:2:[]"
        );
        let expected: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(ROW.hash(), expected);
        assert_eq!(ROW.hash(), "ba0fa920a4b1ac1d7de560fdd6b9c0c0b9a39a15e7572aad40445b45471cec56");
    }

    #[test]
    fn every_part_counts_and_no_two_parts_run_together() {
        let others = [
            AuditLink { previous: "", ..ROW },
            AuditLink { salt: "t", ..ROW },
            AuditLink { revision: 11, at: 2, ..ROW },
            AuditLink { at: -2, ..ROW },
            AuditLink { actor: "ad", origin: "a192.0.2.7", ..ROW },
            AuditLink { noun: "imagef", name: "cos", ..ROW },
            AuditLink { action: "update", ..ROW },
            AuditLink { before: Some(""), ..ROW },
            AuditLink { before: Some("{}"), after: None, ..ROW },
            AuditLink { message: "because", ..ROW },
            AuditLink { secrets: "[\"a\"]", ..ROW },
        ];
        let mut hashes: Vec<String> = others.iter().map(AuditLink::hash).chain([ROW.hash()]).collect();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), others.len() + 1);
    }
}
