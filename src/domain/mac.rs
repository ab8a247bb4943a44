//! Link-layer addresses, parsed from any spelling and compared as bits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest address that iPXE reports: IPoIB (RFC 4391, section 9.1.1).
const MAX_BYTES: usize = 20;

/// A link-layer address of 6 (Ethernet, EUI-48), 8 (EUI-64) or 20 (IPoIB) bytes.
///
/// ```
/// use pxe_init::domain::Mac;
/// let a: Mac = "52:54:00:12:34:56".parse().unwrap();
/// assert_eq!(a, "5254.0012.3456".parse().unwrap());
/// assert_eq!(a.hyphenated().to_string(), "52-54-00-12-34-56");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Mac {
    len: u8,
    bytes: [u8; MAX_BYTES],
}

/// Why a text is no MAC address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidMac(String);

impl Mac {
    /// The address from its bytes; `None` unless there are 6, 8 or 20 of them.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if !matches!(bytes.len(), 6 | 8 | MAX_BYTES) {
            return None;
        }
        let mut all = [0; MAX_BYTES];
        all[..bytes.len()].copy_from_slice(bytes);
        Some(Self { len: bytes.len() as u8, bytes: all })
    }

    /// The bytes in transmission order.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// Whether an interface can have it: not all zero, and of Ethernet and EUI-64 no group address (IEEE 802, section 8.2).
    pub fn is_of_one_interface(&self) -> bool {
        let bytes = self.as_bytes();
        let is_group = bytes.len() < MAX_BYTES && bytes[0] & 1 == 1;
        !is_group && bytes.iter().any(|byte| *byte != 0)
    }

    /// The spelling of iPXE's `${mac:hexhyp}`: lower case, joined by hyphens. It survives in a URL path.
    pub fn hyphenated(&self) -> impl fmt::Display + '_ {
        Joined(self.as_bytes(), '-')
    }
}

impl FromStr for Mac {
    type Err = InvalidMac;

    /// Accepts pairs joined by `:` or `-`, groups of four joined by `.`, and bare hexadecimal, in any case.
    fn from_str(text: &str) -> Result<Self, InvalidMac> {
        let invalid = || InvalidMac(text.to_owned());
        let (separator, group) = match text.bytes().find(|b| !b.is_ascii_hexdigit()) {
            None => (None, text.len()),
            Some(s @ (b':' | b'-')) => (Some(s), 2),
            Some(b'.') => (Some(b'.'), 4),
            Some(_) => return Err(invalid()),
        };
        let mut bytes = [0; MAX_BYTES];
        let mut digits = 0;
        let mut in_group = 0;
        for b in text.bytes() {
            if Some(b) == separator && in_group == group {
                in_group = 0;
                continue;
            }
            let Some(digit) = char::from(b).to_digit(16).filter(|_| in_group < group) else {
                return Err(invalid());
            };
            let byte = bytes.get_mut(digits / 2).ok_or_else(invalid)?;
            *byte = *byte << 4 | digit as u8;
            digits += 1;
            in_group += 1;
        }
        if in_group != group || digits % 2 != 0 {
            return Err(invalid());
        }
        Self::from_bytes(&bytes[..digits / 2]).ok_or_else(invalid)
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Joined(self.as_bytes(), ':').fmt(f)
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for InvalidMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no MAC address; write it like 52:54:00:12:34:56", self.0)
    }
}

impl std::error::Error for InvalidMac {}

impl From<Mac> for String {
    fn from(mac: Mac) -> Self {
        mac.to_string()
    }
}

impl TryFrom<String> for Mac {
    type Error = InvalidMac;

    fn try_from(text: String) -> Result<Self, InvalidMac> {
        text.parse()
    }
}

struct Joined<'a>(&'a [u8], char);

impl fmt::Display for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0u8; MAX_BYTES * 3];
        let mut end = 0;
        for byte in self.0 {
            text[end] = HEX[usize::from(byte >> 4)];
            text[end + 1] = HEX[usize::from(byte & 15)];
            text[end + 2] = self.1 as u8;
            end += 3;
        }
        f.write_str(std::str::from_utf8(&text[..end.saturating_sub(1)]).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_what_is_no_address() {
        for text in [
            "",
            "52",
            "52:54:00:12:34",
            "52:54:00:12:34:5",
            "52:54:00:12:34:567",
            "52:54-00:12:34:56",
            "52:54:00:12:34:56:",
            ":52:54:00:12:34:56",
            "525400123456g",
            "52540012345",
            "5254.0012.34.56",
            "52 54 00 12 34 56",
            "5254001234565254001234565254001234565254001234565254",
            "５２:54:00:12:34:56",
        ] {
            assert!(text.parse::<Mac>().is_err(), "{text}");
        }
    }

    #[test]
    fn group_addresses_belong_to_no_interface() {
        for (text, expected) in [
            ("52:54:00:12:34:56", true),
            ("00:00:00:00:00:00", false),
            ("ff:ff:ff:ff:ff:ff", false),
            ("01:00:5e:00:00:01", false),
            ("ff00000000000000000000000000000000000001", true),
        ] {
            assert_eq!(text.parse::<Mac>().unwrap().is_of_one_interface(), expected, "{text}");
        }
    }

    fn address() -> impl Strategy<Value = Mac> {
        prop_oneof![Just(6usize), Just(8), Just(20)]
            .prop_flat_map(|n| proptest::collection::vec(any::<u8>(), n))
            .prop_map(|bytes| Mac::from_bytes(&bytes).expect("a valid length"))
    }

    proptest! {
        #[test]
        fn every_spelling_is_the_same_address(mac in address(), upper in any::<bool>()) {
            let colons = mac.to_string();
            let bare = colons.replace(':', "");
            let dots = bare.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join(".");
            for text in [colons, bare, dots, mac.hyphenated().to_string()] {
                let text = if upper { text.to_uppercase() } else { text };
                prop_assert_eq!(text.parse::<Mac>().unwrap(), mac);
            }
        }

        #[test]
        fn never_panics(text in "\\PC{0,70}") {
            let _ = text.parse::<Mac>();
        }
    }
}
