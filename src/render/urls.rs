//! The URLs under which one machine finds its documents.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::{Attribute, Facts, Kind, Machine};

/// Everything but the unreserved characters of RFC 3986, less `~`: what is left means nothing to iPXE, to a shell, to
/// cloud-init's `ds=` argument and to a query string.
pub(super) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// The URL of the document `kind` for the machine that said `facts`.
///
/// NoCloud documents have a directory ([`seed_url`]); all others carry the facts as a query, identities first, because
/// old iPXE decodes `%26` and sends a bare `&`, and the first of two equal parameters counts.
pub fn document_url(base: &str, kind: Kind, facts: &Facts, machine: Option<&Machine>) -> String {
    let base = base.trim_end_matches('/');
    if kind.is_nocloud() {
        return seed_url(base, facts, machine) + kind.as_str();
    }
    let mut url = String::with_capacity(URL);
    url.extend([base, "/", kind.as_str(), "?"]);
    let bare = url.len();
    add_pairs(&mut url, facts);
    if url.len() == bare {
        url.pop();
    }
    url
}

/// The NoCloud seed directory, with the slash that cloud-init needs at its end.
pub fn seed_url(base: &str, facts: &Facts, machine: Option<&Machine>) -> String {
    format!("{}/cloud-init/{}/", base.trim_end_matches('/'), seed_segment(facts, machine))
}

/// The same as [`document_url`], with the token of a boot. It comes first, for the same reason as the identities do.
pub(super) fn document_url_with(base: &str, kind: Kind, facts: &Facts, token: &str) -> String {
    if kind.is_nocloud() {
        return seed_url_with(base, facts, token) + kind.as_str();
    }
    let mut url = String::with_capacity(URL);
    url.extend([base.trim_end_matches('/'), "/", kind.as_str(), "?", TOKEN, "=", token]);
    add_further_pairs(&mut url, facts);
    url
}

/// The same as [`seed_url`], with the token of a boot.
pub(super) fn seed_url_with(base: &str, facts: &Facts, token: &str) -> String {
    let mut url = String::with_capacity(URL);
    url.extend([base.trim_end_matches('/'), "/cloud-init/", TOKEN, "=", token]);
    add_further_pairs(&mut url, facts);
    url + "/"
}

/// Adds `&mac=…&uuid=…`, where there is anything to add.
fn add_further_pairs(url: &mut String, facts: &Facts) {
    url.push('&');
    let before = url.len();
    add_pairs(url, facts);
    if url.len() == before {
        url.pop();
    }
}

/// The parameter that has the token of a boot.
pub const TOKEN: &str = "token";

/// The path segment that stands for a machine in [`seed_url`]: its MAC alone where that says it all, otherwise the
/// facts as a query string, which is told apart by its `=`.
///
/// A MAC says it all when nothing else was said, or when only UUID and serial were and the machine is registered with
/// this MAC: a MAC wins over both. (A machine that is known by its UUID must keep it.)
pub fn seed_segment(facts: &Facts, machine: Option<&Machine>) -> String {
    let only = |allowed: &[Attribute]| {
        facts.iter().all(|(attribute, _)| {
            matches!(attribute, Attribute::Mac | Attribute::Ip) || allowed.contains(&attribute)
        })
    };
    let known = |mac| machine.is_some_and(|machine| machine.macs.contains(mac));
    match &facts.mac {
        Some(mac) if only(&[]) || (known(mac) && only(&[Attribute::Uuid, Attribute::Serial])) => {
            mac.hyphenated().to_string()
        }
        _ if only_address(facts) => "mac=".to_owned(),
        _ => {
            let mut query = String::with_capacity(URL);
            add_pairs(&mut query, facts);
            query
        }
    }
}

/// How long a URL is that says everything of a usual machine.
const URL: usize = 256;

/// Adds `mac=52-54-00-12-34-56&uuid=…`: every fact but the address that the request came from, identities first.
fn add_pairs(url: &mut String, facts: &Facts) {
    let begin = url.len();
    for attribute in Attribute::ALL {
        let is_first = url.len() == begin;
        let mut name = || url.extend([if is_first { "" } else { "&" }, attribute.as_str(), "="]);
        match attribute {
            Attribute::Ip => {}
            Attribute::Mac => {
                if let Some(mac) = &facts.mac {
                    name();
                    // Writing to a string can not fail.
                    let _ = write!(url, "{}", mac.hyphenated());
                }
            }
            _ => {
                if let Some(value) = facts.get(attribute) {
                    name();
                    url.extend(utf8_percent_encode(&value, ENCODED));
                }
            }
        }
    }
}

/// Whether nothing was said that could be repeated in a URL; an empty path segment would be lost on the way.
fn only_address(facts: &Facts) -> bool {
    facts.iter().all(|(attribute, _)| attribute == Attribute::Ip)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(said: &[(&str, &str)]) -> Facts {
        let mut facts = Facts::default();
        for (attribute, value) in said {
            facts.set(attribute.parse().unwrap(), value).unwrap();
        }
        facts
    }

    #[test]
    fn identities_come_first_and_free_text_is_encoded() {
        let facts = facts(&[
            ("product", "A & B; ~${x} #1 ü"),
            ("serial", "S 1"),
            ("ip", "10.0.0.1"),
            ("uuid", "4c4c4544-0042-3510-8052-b4c04f4d3532"),
            ("mac", "52:54:00:12:34:56"),
        ]);
        assert_eq!(
            document_url("http://boot:8080/", Kind::Ignition, &facts, None),
            "http://boot:8080/ignition?mac=52-54-00-12-34-56&uuid=4c4c4544-0042-3510-8052-b4c04f4d3532&serial=S%201\
             &product=A%20%26%20B%3B%20%7E%24%7Bx%7D%20%231%20%C3%BC"
        );
        assert_eq!(
            document_url("http://boot:8080", Kind::Ipxe, &Facts::default(), None),
            "http://boot:8080/ipxe"
        );
    }

    #[test]
    fn a_mac_stands_alone_only_where_it_says_it_all() {
        let mut machine = Machine::new("m".parse().unwrap());
        let mac = ("mac", "52:54:00:12:34:56");
        let serial = ("serial", "S;1");
        assert_eq!(seed_segment(&facts(&[mac]), None), "52-54-00-12-34-56");
        assert_eq!(seed_segment(&facts(&[mac, serial]), None), "mac=52-54-00-12-34-56&serial=S%3B1");
        assert_eq!(
            seed_segment(&facts(&[mac, serial]), Some(&machine)),
            "mac=52-54-00-12-34-56&serial=S%3B1"
        );
        machine.macs.push("52:54:00:12:34:56".parse().unwrap());
        assert_eq!(seed_segment(&facts(&[mac, serial]), Some(&machine)), "52-54-00-12-34-56");
        assert_eq!(
            seed_segment(&facts(&[mac, ("arch", "arm64")]), Some(&machine)),
            "mac=52-54-00-12-34-56&arch=arm64"
        );
        assert_eq!(seed_segment(&facts(&[]), None), "mac=");
        assert_eq!(
            document_url("http://boot", Kind::MetaData, &facts(&[mac]), None),
            "http://boot/cloud-init/52-54-00-12-34-56/meta-data"
        );
    }
}
