//! What the holder of a token has.

use sha2::{Digest, Sha256};

use crate::domain::TokenHash;

/// What a token begins with, so that people and scanners of repositories know it when they see it.
const PREFIX: &str = "pxeinit_";

/// A token as its holder sends it. It does not show itself.
pub struct Bearer(String);

impl Bearer {
    /// Of 256 bits of chance.
    pub fn new(random: [u8; 32]) -> Self {
        Self(format!("{PREFIX}{}", TokenHash(random)))
    }

    /// The text that is sent.
    pub fn reveal(self) -> String {
        self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> TokenHash {
        hash(&self.0)
    }
}

/// The hash under which a token is kept.
pub(super) fn hash(bearer: &str) -> TokenHash {
    TokenHash(Sha256::digest(bearer.as_bytes()).into())
}
