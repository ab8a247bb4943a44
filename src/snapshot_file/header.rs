//! The first line.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{About, Unusable, hex};
use crate::domain::Timestamp;

/// What every such file begins with.
const MAGIC: &str = "pxe-init-snapshot ";

/// The version of the format; see [`super`].
const FORMAT: u32 = 1;

/// The longest header, in bytes.
pub(super) const LONGEST: usize = 64 << 10;

/// What the header says.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    revision: u64,
    confirmed: i64,
    /// The identity of the database.
    identity: String,
    /// The secret of which the tokens of boots are made.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    boot_key: String,
    /// Which database it is, in words.
    pub(super) database: String,
    /// The version of the program that wrote it; for people.
    writer: String,
    /// How many entries there are.
    pub(super) entries: u64,
    /// How long they are.
    pub(super) bytes: u64,
    /// Their SHA-256.
    pub(super) sha256: String,
}

impl Header {
    /// The longest that the header of such a file can become, to keep its place until the rest is known.
    pub(super) fn reserved(about: &About, database: &str) -> Self {
        Self {
            revision: about.revision,
            confirmed: about.confirmed.0,
            identity: about.identity.clone(),
            boot_key: about.boot_key.clone(),
            database: database.to_owned(),
            writer: env!("CARGO_PKG_VERSION").to_owned(),
            entries: u64::MAX,
            bytes: u64::MAX,
            sha256: hex(&[0; 32]),
        }
    }

    /// The line without its end, filled up to `width` bytes.
    pub(super) fn line(&self, width: usize) -> serde_json::Result<String> {
        let mut rest = serde_json::to_string(self)?;
        let before = format!("{MAGIC}{FORMAT} {} ", hex(&[0; 32])).len();
        let missing = width.saturating_sub(before + rest.len());
        rest.extend(std::iter::repeat_n(' ', missing));
        Ok(format!("{MAGIC}{FORMAT} {} {rest}", hex(&Sha256::digest(&rest))))
    }

    /// What a line says, without its end.
    pub(super) fn read(line: &[u8]) -> Result<Self, Unusable> {
        let text = std::str::from_utf8(line).map_err(|_| Unusable::NoSnapshot)?;
        let rest = text.strip_prefix(MAGIC).ok_or(Unusable::NoSnapshot)?;
        let (format, rest) = rest.split_once(' ').ok_or(Unusable::DamagedHeader)?;
        if format != FORMAT.to_string() {
            return Err(Unusable::Format { found: format.chars().take(20).collect(), known: FORMAT });
        }
        let (hash, rest) = rest.split_once(' ').ok_or(Unusable::DamagedHeader)?;
        if hash != hex(&Sha256::digest(rest)) {
            return Err(Unusable::DamagedHeader);
        }
        serde_json::from_str(rest).map_err(Unusable::StrangeHeader)
    }

    pub(super) fn about(&self) -> About {
        let Self { revision, confirmed, identity, boot_key, .. } = self;
        About {
            revision: *revision,
            confirmed: Timestamp(*confirmed),
            identity: identity.clone(),
            boot_key: boot_key.clone(),
        }
    }
}
