//! One pattern of a selector: an exact value, a glob, or a network.

use std::fmt;
use std::net::IpAddr;

use super::{Attribute, InvalidMac, InvalidUuid, Mac, Uuid};

/// The longest pattern, in bytes.
const MAX_BYTES: usize = 255;

/// What one value is compared with. Text is compared without regard to ASCII case, since host names are (RFC 4343)
/// and vendors spell their own names both ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// This address, whatever its spelling.
    Mac(Mac),
    /// This UUID, whatever its spelling.
    Uuid(Uuid),
    /// This text.
    Text(String),
    /// Text in which each `*` stands for any characters, also none.
    Glob(String),
    /// Addresses whose first bits are those of the network; a single address has all of its bits.
    Net(IpAddr, u8),
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidPattern {
    /// No characters, or only the `!`.
    Empty,
    /// Longer than a pattern may be.
    TooLong(usize),
    /// Contains a control character, which no fact has.
    Control(char),
    /// An exact MAC pattern that is no address.
    Mac(InvalidMac),
    /// An exact UUID pattern that is no UUID.
    Uuid(InvalidUuid),
    /// A UUID that many machines share.
    Placeholder(Uuid),
    /// Neither an address, nor a network, nor a glob.
    Net(String),
    /// A network whose address has bits beyond its prefix; the network that it would be.
    HostBits(String, String),
}

impl Pattern {
    /// Parses the pattern (without its `!`) of a fact, or of a label where `attribute` is `None`.
    pub fn parse(attribute: Option<Attribute>, text: &str) -> Result<Self, InvalidPattern> {
        if text.is_empty() {
            return Err(InvalidPattern::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(InvalidPattern::TooLong(text.len()));
        }
        if let Some(c) = text.chars().find(|c| c.is_control()) {
            return Err(InvalidPattern::Control(c));
        }
        if text.contains('*') {
            return Ok(Self::Glob(match attribute {
                Some(Attribute::Mac) => text.to_ascii_lowercase().replace('-', ":"),
                _ => text.to_owned(),
            }));
        }
        match attribute {
            Some(Attribute::Mac) => text.parse().map(Self::Mac).map_err(InvalidPattern::Mac),
            Some(Attribute::Uuid) => match text.parse::<Uuid>() {
                Ok(uuid) if uuid.is_placeholder() => Err(InvalidPattern::Placeholder(uuid)),
                Ok(uuid) => Ok(Self::Uuid(uuid)),
                Err(e) => Err(InvalidPattern::Uuid(e)),
            },
            Some(Attribute::Ip) => parse_net(text),
            _ => Ok(Self::Text(text.to_owned())),
        }
    }

    /// Whether this is one value and not a set of them.
    pub fn is_exact(&self) -> bool {
        match self {
            Self::Mac(_) | Self::Uuid(_) | Self::Text(_) => true,
            Self::Glob(_) => false,
            Self::Net(address, prefix) => *prefix == bits_of(*address),
        }
    }

    /// How much of a value an inexact pattern fixes: the characters of a glob that are no `*`, the whole bytes of
    /// a network's prefix.
    pub fn literal_len(&self) -> usize {
        match self {
            Self::Glob(glob) => glob.bytes().filter(|b| *b != b'*').count(),
            Self::Net(_, prefix) => usize::from(*prefix) / 8,
            _ => 0,
        }
    }

    /// Whether `value`, in its canonical spelling, matches.
    pub fn matches_text(&self, value: &str) -> bool {
        match self {
            Self::Text(text) => text.eq_ignore_ascii_case(value),
            Self::Glob(glob) => glob_matches(glob, value),
            Self::Mac(mac) => value.parse() == Ok(*mac),
            Self::Uuid(uuid) => value.parse() == Ok(*uuid),
            Self::Net(..) => value.parse().is_ok_and(|ip| self.contains(ip)),
        }
    }

    /// Whether `ip` lies in this network. An IPv4 address mapped into IPv6 counts as the IPv4 address.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let Self::Net(network, prefix) = self else { return self.matches_text(&ip.to_string()) };
        let ip = ip.to_canonical();
        network.is_ipv4() == ip.is_ipv4() && Self::masked(ip, *prefix) == *network
    }

    /// `ip` with all bits beyond the first `prefix` cleared.
    pub fn masked(ip: IpAddr, prefix: u8) -> IpAddr {
        match ip {
            IpAddr::V4(v4) => {
                IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)).into())
            }
            IpAddr::V6(v6) => IpAddr::V6(
                (v6.to_bits() & u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0)).into(),
            ),
        }
    }
}

fn bits_of(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn parse_net(text: &str) -> Result<Pattern, InvalidPattern> {
    let invalid = || InvalidPattern::Net(text.to_owned());
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| invalid())?;
    let bits = bits_of(address);
    let prefix = match prefix {
        None => bits,
        Some(p) if p.bytes().all(|b| b.is_ascii_digit()) => {
            p.parse().ok().filter(|p| *p <= bits).ok_or_else(invalid)?
        }
        Some(_) => return Err(invalid()),
    };
    let network = Pattern::masked(address, prefix);
    if network == address {
        Ok(Pattern::Net(network, prefix))
    } else {
        Err(InvalidPattern::HostBits(text.to_owned(), format!("{network}/{prefix}")))
    }
}

/// Matches `*` greedily with one point of return, so in time `glob × value` at worst.
fn glob_matches(glob: &str, value: &str) -> bool {
    let (glob, value) = (glob.as_bytes(), value.as_bytes());
    let (mut g, mut v) = (0, 0);
    let mut retry = None;
    while v < value.len() {
        if glob.get(g) == Some(&b'*') {
            retry = Some((g + 1, v));
            g += 1;
        } else if glob.get(g).is_some_and(|b| b.eq_ignore_ascii_case(&value[v])) {
            g += 1;
            v += 1;
        } else if let Some((after_star, from)) = retry {
            retry = Some((after_star, from + 1));
            g = after_star;
            v = from + 1;
        } else {
            return false;
        }
    }
    glob[g..].iter().all(|b| *b == b'*')
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mac(mac) => mac.fmt(f),
            Self::Uuid(uuid) => uuid.fmt(f),
            Self::Text(text) | Self::Glob(text) => f.write_str(text),
            Self::Net(address, _) if self.is_exact() => address.fmt(f),
            Self::Net(address, prefix) => write!(f, "{address}/{prefix}"),
        }
    }
}

impl fmt::Display for InvalidPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty; use * to match any value"),
            Self::TooLong(len) => write!(f, "has {len} bytes; at most {MAX_BYTES} are allowed"),
            Self::Control(c) => write!(f, "contains the control character {c:?}; remove it"),
            Self::Mac(e) => write!(f, "{e}, or a glob like 52:54:00:*"),
            Self::Uuid(e) => e.fmt(f),
            Self::Placeholder(uuid) => {
                write!(
                    f,
                    "{uuid} is a placeholder that many machines share, so it never matches; use mac or serial"
                )
            }
            Self::Net(text) => {
                write!(f, "{text:?} is no IP address or network; write it like 10.1.0.0/16 or 2001:db8::/32")
            }
            Self::HostBits(text, network) => {
                write!(f, "{text:?} has address bits beyond its prefix; write the network {network}")
            }
        }
    }
}

impl std::error::Error for InvalidPattern {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(attribute: Attribute, text: &str) -> Pattern {
        Pattern::parse(Some(attribute), text).unwrap()
    }

    #[test]
    fn globs() {
        for (glob, value, expected) in [
            ("*", "", true),
            ("PowerEdge*", "poweredge r640", true),
            ("*r640", "PowerEdge R640", true),
            ("p*e*640", "PowerEdge R640", true),
            ("a*b", "ab", true),
            ("a*b", "abc", false),
            ("a*a", "a", false),
            ("*a*a*", "bab", false),
            ("52-54-00-*", "52:54:00:12:34:56", true),
        ] {
            let attribute = if glob.starts_with("52") { Attribute::Mac } else { Attribute::Product };
            assert_eq!(pattern(attribute, glob).matches_text(value), expected, "{glob} on {value}");
        }
    }

    #[test]
    fn networks() {
        let net = pattern(Attribute::Ip, "10.1.0.0/16");
        assert!(net.contains("10.1.2.3".parse().unwrap()));
        assert!(net.contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!net.contains("10.2.0.1".parse().unwrap()));
        assert!(pattern(Attribute::Ip, "0.0.0.0/0").contains("9.9.9.9".parse().unwrap()));
        assert!(!pattern(Attribute::Ip, "0.0.0.0/0").contains("::1".parse().unwrap()));
        assert!(pattern(Attribute::Ip, "2001:db8::/32").contains("2001:db8:1::1".parse().unwrap()));
        assert!(pattern(Attribute::Ip, "10.0.0.1").is_exact());
        for text in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0", "10.0.0.0/+8", "x"] {
            assert!(Pattern::parse(Some(Attribute::Ip), text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_glob_made_of_a_value_matches_it(value in "[a-zA-Z0-9 ]{0,12}", at in 0usize..12, n in 0usize..12) {
            let at = at.min(value.len());
            let end = (at + n).min(value.len());
            let glob = format!("{}*{}", &value[..at], &value[end..]);
            prop_assert!(pattern(Attribute::Product, &glob).matches_text(&value));
        }

        #[test]
        fn what_parses_prints_as_itself(text in "\\PC{0,20}") {
            for attribute in Attribute::ALL {
                if let Ok(parsed) = Pattern::parse(Some(attribute), &text) {
                    prop_assert_eq!(Pattern::parse(Some(attribute), &parsed.to_string()), Ok(parsed));
                }
            }
        }
    }
}
