//! Bearer tokens, without what is secret of them.

use std::fmt;
use std::str::FromStr;

use super::{Name, Role, Timestamp};

/// What is kept of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What people call it, and what the history says of changes that were made with it. Of the tokens that are in force,
    /// one alone has it.
    pub name: Name,
    /// Of the token itself.
    pub hash: TokenHash,
    /// What its holder may do.
    pub role: Role,
    /// Whether its holder may read secrets, whatever the role.
    pub secrets: bool,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// From when on it is worth nothing; `None` for never.
    pub expires: Option<Timestamp>,
    /// When it was last used, to a minute or so.
    pub last_used: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// Who revoked it; empty where nobody did.
    pub revoked_by: String,
}

/// The SHA-256 of a token.
///
/// A token is 256 bits of chance, which nobody can find by trying whatever the hash costs; a slow hash, as for passwords,
/// would only make each call slow. To look a token up by its hash tells nothing by its duration: who guesses can not steer
/// the hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

/// How far a token has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// In force.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody took it back.
    Revoked,
}

impl Token {
    /// How far it has come at `now`.
    pub fn state(&self, now: Timestamp) -> TokenState {
        match (self.revoked, self.expires) {
            (Some(_), _) => TokenState::Revoked,
            (None, Some(expires)) if expires <= now => TokenState::Expired,
            _ => TokenState::Active,
        }
    }
}

impl TokenState {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TokenHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "is no SHA-256 in 64 hexadecimal digits";
        let mut hash = [0; 32];
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(WRONG);
        }
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| WRONG)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| WRONG)?;
        }
        Ok(Self(hash))
    }
}
