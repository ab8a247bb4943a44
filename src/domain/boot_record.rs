//! What the journal says about one answer to a machine.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use super::{Facts, InvalidKind, Kind, Name, Outcome, Timestamp};

/// The digits of an identifier: those of Crockford's Base32, which leaves out letters that are taken for digits. Their order
/// is that of ASCII, so that identifiers sort as texts as they do as numbers.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Digits of an identifier, of 5 bits each.
const LENGTH: usize = 16;

/// The bits below the time.
const LOW_BITS: u32 = 35;

/// The number of a record: 45 bits of milliseconds since 1970, then 35 bits that differ between servers and between the
/// records of one millisecond.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BootId(u128);

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidBootId(String);

/// What a machine asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// `/boot.ipxe`, which says nothing about the machine.
    Script,
    /// A document of this kind.
    Document(Kind),
}

/// Why a text names nothing that a machine can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidAsked(InvalidKind);

/// Which server answered, and with what beside the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Replica {
    /// Its name.
    pub name: String,
    /// Its version, and a fingerprint of its built-in templates.
    pub program: String,
    /// A fingerprint of the settings that documents depend on.
    pub settings: String,
}

/// One answer to a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct BootRecord {
    /// Its number.
    pub id: BootId,
    /// When it was answered.
    pub at: Timestamp,
    /// What the request said.
    pub facts: Arc<Facts>,
    /// Where it came from.
    pub client: IpAddr,
    /// What was asked for.
    pub asked: Asked,
    /// How it was answered.
    pub outcome: Outcome,
    /// The registered machine.
    pub machine: Option<Name>,
    /// The rule that decided.
    pub rule: Option<Name>,
    /// The image.
    pub image: Option<Name>,
    /// The template, as `NAME@REVISION`.
    pub template: Option<Arc<str>>,
    /// The catalog revision that it was answered from.
    pub revision: u64,
    /// SHA-256 of what was sent.
    pub sha256: [u8; 32],
    /// Length of what was sent.
    pub bytes: u64,
    /// The number under which the log has a failure.
    pub incident: Option<String>,
    /// Why there was no document.
    pub problem: Option<String>,
    /// How long it took, from facts to answer, in microseconds.
    pub micros: u64,
    /// Where the machine reached the server.
    pub base_url: Arc<str>,
    /// Which server answered.
    pub replica: Arc<Replica>,
}

impl BootId {
    /// The identifier of a record of this time, which `low` tells from others of the same millisecond.
    pub fn new(at: Timestamp, low: u64) -> Self {
        let at = u128::from(at.0.clamp(0, (1 << 45) - 1).unsigned_abs());
        Self(at << LOW_BITS | u128::from(low & ((1 << LOW_BITS) - 1)))
    }

    /// What no record from `at` on is below.
    pub fn first_at(at: Timestamp) -> Self {
        Self::new(at, 0)
    }
}

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; LENGTH];
        for (i, digit) in text.iter_mut().enumerate() {
            *digit = DIGITS[(self.0 >> (5 * (LENGTH - 1 - i)) & 31) as usize];
        }
        f.pad(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BootId {
    type Err = InvalidBootId;

    /// In any case, and with `o`, `i` and `l` for the digits that they look like.
    fn from_str(text: &str) -> Result<Self, InvalidBootId> {
        let invalid = || InvalidBootId(text.chars().take(40).collect());
        if text.len() != LENGTH {
            return Err(invalid());
        }
        let digit = |byte: u8| {
            let byte = match byte.to_ascii_lowercase() {
                b'o' => b'0',
                b'i' | b'l' => b'1',
                other => other,
            };
            DIGITS.iter().position(|digit| *digit == byte)
        };
        let mut bits = 0;
        for byte in text.bytes() {
            bits = bits << 5 | digit(byte).ok_or_else(invalid)? as u128;
        }
        Ok(Self(bits))
    }
}

impl fmt::Display for InvalidBootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no number of a boot; it has {LENGTH} digits and letters, as `boots list` prints it",
            self.0
        )
    }
}

impl std::error::Error for InvalidBootId {}

impl Asked {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Script => "boot.ipxe",
            Self::Document(kind) => kind.as_str(),
        }
    }
}

impl FromStr for Asked {
    type Err = InvalidAsked;

    fn from_str(text: &str) -> Result<Self, InvalidAsked> {
        match text {
            "boot.ipxe" => Ok(Self::Script),
            kind => kind.parse().map(Self::Document).map_err(InvalidAsked),
        }
    }
}

impl fmt::Display for InvalidAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, boot.ipxe", self.0)
    }
}

impl std::error::Error for InvalidAsked {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn identifiers_sort_by_time_and_come_back(a in 0..1_i64 << 45, b in 0..1_i64 << 45, low in any::<u64>()) {
            let (first, second) = (BootId::new(Timestamp(a), low), BootId::new(Timestamp(b), low));
            prop_assert_eq!(first.cmp(&second), a.cmp(&b));
            prop_assert_eq!(first.to_string().cmp(&second.to_string()), a.cmp(&b));
            prop_assert_eq!(first.to_string().to_uppercase().parse(), Ok(first));
        }
    }

    #[test]
    fn what_is_no_identifier_is_refused() {
        for text in ["", "0123456789abcde", "0123456789abcdeu", "0123456789abcdef0", "ä123456789abcde"] {
            assert!(text.parse::<BootId>().is_err(), "{text}");
        }
        let (read, written) = ("o1234567I9abcdeL", "0123456719abcde1");
        assert_eq!(read.parse::<BootId>().unwrap().to_string(), written);
    }
}
