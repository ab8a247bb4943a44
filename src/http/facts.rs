//! From a query to facts.

use std::borrow::Cow;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;

use crate::domain::{Attribute, Facts, InvalidFact};

/// The longest query that is read, in bytes: every fact at its longest, percent-encoded.
pub(super) const MAX_QUERY_BYTES: usize = 11 * (255 * 3 + 16);

/// Reads facts as iPXE writes them into a query.
///
/// Of a repeated parameter the first counts: iPXE leaves `&` in a host name or serial number as it is, so free text can
/// add parameters, but only after those that identify the machine. A `+` is a plus, since iPXE does not encode as forms
/// do. Parameters that are no facts are ignored, and so is `ip`: only the connection tells it.
pub fn from_query(query: &str, ip: IpAddr) -> Result<Facts, InvalidFact> {
    let mut facts = Facts { ip: Some(ip.to_canonical()), ..Facts::default() };
    let mut seen = [false; Attribute::ALL.len()];
    for (key, value) in pairs(query) {
        let Ok(attribute) = key.parse::<Attribute>() else { continue };
        let first = !std::mem::replace(&mut seen[attribute as usize], true);
        if first && attribute != Attribute::Ip {
            facts.set(attribute, &decode(value))?;
        }
    }
    Ok(facts)
}

/// The parameters of a query: what stands between `&`, apart at the first `=`.
fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = Some(query);
    std::iter::from_fn(move || {
        let text = rest?;
        // One look at each byte; these are ASCII, so they are no part of another character.
        let (mut equals, mut end) = (None, text.len());
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                b'=' if equals.is_none() => equals = Some(at),
                b'&' => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        rest = text.get(end + 1..);
        let pair = &text[..end];
        Some(equals.map_or((pair, ""), |at| (&pair[..at], &pair[at + 1..])))
    })
}

/// Decodes `%XX`; what is no UTF-8 becomes U+FFFD, since iPXE breaks what is not ASCII (`%FFFFFFC3`).
fn decode(value: &str) -> Cow<'_, str> {
    if !value.bytes().any(|byte| byte == b'%') {
        return value.into();
    }
    percent_decode_str(value).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const IP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 2, 15));

    fn read(query: &str) -> String {
        match from_query(query, IP) {
            Ok(facts) => facts.iter().map(|(a, v)| format!("{a}={v}")).collect::<Vec<_>>().join(" "),
            Err(e) => e.to_string(),
        }
    }

    #[test]
    fn reads_what_ipxe_writes() {
        assert_eq!(
            read(
                "uuid=4c4c4544-0042-3510-8052-b4c04f4d3532&mac=52-54-00-12-34-56&domain=&hostname=&serial=Not%20Set&product=A+B%20(x)&ip=1.2.3.4"
            ),
            "mac=52:54:00:12:34:56 uuid=4c4c4544-0042-3510-8052-b4c04f4d3532 serial=Not Set product=A+B (x) ip=10.0.2.15"
        );
        assert_eq!(
            read("hostname=a&mac=52:54:00:00:00:01&mac=52:54:00:00:00:02"),
            "mac=52:54:00:00:00:01 hostname=a ip=10.0.2.15"
        );
        assert_eq!(read("serial=%FFFFFFC3x&unknown=1&flag"), "serial=\u{fffd}FFFFC3x ip=10.0.2.15");
        assert_eq!(
            read("mac=&mac=52:54:00:00:00:02"),
            "ip=10.0.2.15",
            "an empty value is said, and says nothing"
        );
        assert_eq!(read("mac=52"), "mac: \"52\" is no MAC address; write it like 52:54:00:12:34:56");
        assert_eq!(read("serial=a%0Ab"), "serial: contains the control character '\\n'");
    }

    proptest! {
        #[test]
        fn never_panics(query in "\\PC{0,80}|([a-z]{2,8}=(%[0-9A-F]{2}){0,6}&?){0,5}") {
            let _ = from_query(&query, IP);
        }
    }
}
