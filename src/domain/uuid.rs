//! SMBIOS UUIDs, and the ones that identify no machine.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A 128-bit UUID (RFC 9562), in the byte order of its text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Uuid(u128);

/// Why a text is no UUID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidUuid(String);

/// UUIDs that boards ship with in numbers, so that they name a product and no machine: the SMBIOS
/// specification's "not present" and "not set" (DSP0134, section 7.2.1), and vendors' placeholders.
const PLACEHOLDERS: [u128; 8] = [
    0,
    u128::MAX,
    0x03000200_0400_0500_0006_000700080009,
    0x00020003_0004_0005_0006_000700080009,
    0x12345678_1234_5678_90ab_cddeefaabbcc,
    0x01234567_89ab_cdef_0123_456789abcdef,
    0xfefefefe_fefe_fefe_fefe_fefefefefefe,
    0x00000000_0000_0000_0000_000000000001,
];

impl Uuid {
    /// The UUID of these 128 bits.
    pub fn from_u128(bits: u128) -> Self {
        Self(bits)
    }

    /// Its 128 bits.
    pub fn to_u128(self) -> u128 {
        self.0
    }

    /// Whether this value is known to stand in many machines, and so must never identify one.
    pub fn is_placeholder(&self) -> bool {
        PLACEHOLDERS.contains(&self.0)
    }
}

impl FromStr for Uuid {
    type Err = InvalidUuid;

    /// Accepts 8-4-4-4-12 or 32 bare hexadecimal digits in any case, alone or in braces.
    fn from_str(text: &str) -> Result<Self, InvalidUuid> {
        let invalid = || InvalidUuid(text.to_owned());
        let inner = match text.strip_prefix('{') {
            Some(rest) => rest.strip_suffix('}').ok_or_else(invalid)?,
            None => text,
        };
        let hyphenated = match inner.len() {
            32 => false,
            36 => true,
            _ => return Err(invalid()),
        };
        let mut bits = 0u128;
        for (i, b) in inner.bytes().enumerate() {
            if hyphenated && matches!(i, 8 | 13 | 18 | 23) {
                if b != b'-' {
                    return Err(invalid());
                }
                continue;
            }
            bits = bits << 4 | u128::from(char::from(b).to_digit(16).ok_or_else(invalid)?);
        }
        Ok(Self(bits))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; 36];
        let mut shift = 128;
        for (i, place) in text.iter_mut().enumerate() {
            if !matches!(i, 8 | 13 | 18 | 23) {
                shift -= 4;
                *place = HEX[(self.0 >> shift & 15) as usize];
            }
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for InvalidUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no UUID; write it like 4c4c4544-0042-3510-8052-b4c04f4d3532", self.0)
    }
}

impl std::error::Error for InvalidUuid {}

impl From<Uuid> for String {
    fn from(uuid: Uuid) -> Self {
        uuid.to_string()
    }
}

impl TryFrom<String> for Uuid {
    type Error = InvalidUuid;

    fn try_from(text: String) -> Result<Self, InvalidUuid> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn knows_the_placeholders() {
        for text in [
            "00000000-0000-0000-0000-000000000000",
            "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
            "03000200-0400-0500-0006-000700080009",
        ] {
            assert!(text.parse::<Uuid>().unwrap().is_placeholder(), "{text}");
        }
        assert!(!"4c4c4544-0042-3510-8052-b4c04f4d3532".parse::<Uuid>().unwrap().is_placeholder());
    }

    #[test]
    fn refuses_what_is_no_uuid() {
        for text in [
            "",
            "4c4c4544",
            "4c4c454-40042-3510-8052-b4c04f4d3532",
            "{4c4c4544-0042-3510-8052-b4c04f4d3532",
            "4c4c4544-0042-3510-8052-b4c04f4d353g",
        ] {
            assert!(text.parse::<Uuid>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_spelling_is_the_same_uuid(bits in any::<u128>()) {
            let uuid = Uuid::from_u128(bits);
            let text = uuid.to_string();
            for spelling in [text.clone(), text.to_uppercase(), text.replace('-', ""), format!("{{{text}}}")] {
                prop_assert_eq!(spelling.parse::<Uuid>().unwrap(), uuid);
            }
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = text.parse::<Uuid>();
        }
    }
}
