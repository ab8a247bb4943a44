//! Where a request came from, when a proxy passed it on.
//!
//! Whoever can send a header can write one of these, so they count only from proxies that the configuration names. The
//! address then stands for the machine in rules, in the journal and in the log.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{FORWARDED, HeaderMap, HeaderName};

use super::Peer;
use crate::domain::{Attribute, InvalidPattern, Pattern};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Networks of proxies.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[Pattern]>);

impl TrustedProxies {
    /// Addresses and networks as text.
    ///
    /// # Errors
    /// For the first that is neither.
    pub fn new(networks: &[String]) -> Result<Self, InvalidPattern> {
        networks
            .iter()
            .map(|text| Pattern::parse(Some(Attribute::Ip), text))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// Where a request came from that has these headers and was sent by `peer`.
    ///
    /// Each proxy adds the address that it saw at the end, so they are read from there, up to the first that is no proxy
    /// of ours: what stands before it was written by a stranger. Where the two headers differ, one of them is a stranger's, and
    /// neither counts.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let lists = [(FORWARDED_FOR, plain as Read), (FORWARDED, labelled as Read)];
        let mut found = lists.into_iter().filter_map(|(name, read)| self.last(headers, &name, read));
        match (found.next(), found.next()) {
            (Some(one), None) => one,
            (Some(one), Some(other)) if one == other => one,
            _ => peer,
        }
    }

    /// The last address in this header that is no proxy of ours; of proxies alone, the first of them.
    fn last(&self, headers: &HeaderMap, name: &HeaderName, read: Read) -> Option<IpAddr> {
        let values: Option<Vec<&str>> =
            headers.get_all(name).iter().map(|value| value.to_str().ok()).collect();
        let mut last = None;
        for item in values?.iter().flat_map(|value| value.split(',')).rev() {
            // Nobody can tell what it means, nor who wrote what stands before it.
            let Some(address) = read(item.trim()) else { break };
            last = Some(address);
            if !self.trusts(address) {
                break;
            }
        }
        last
    }
}

/// Puts the machine in the place of the proxy.
pub(super) async fn unmask(State(proxies): State<TrustedProxies>, mut request: Request) -> Request {
    if let Some(&Peer(mut peer)) = request.extensions().get::<Peer>() {
        let client = proxies.client(peer.ip(), request.headers());
        if client != peer.ip() {
            // The port is the proxy's, and says nothing of the machine.
            peer.set_ip(client);
            peer.set_port(0);
            request.extensions_mut().insert(Peer(peer));
        }
    }
    request
}

type Read = fn(&str) -> Option<IpAddr>;

/// `192.0.2.1`, or with a port as some proxies write it.
fn plain(item: &str) -> Option<IpAddr> {
    let address = item.parse().ok().or_else(|| Some(item.parse::<std::net::SocketAddr>().ok()?.ip()));
    let bracketed = || item.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    Some(address.or_else(bracketed)?.to_canonical())
}

/// `for="[2001:db8::1]:4711";proto=https` (RFC 7239, section 4).
fn labelled(item: &str) -> Option<IpAddr> {
    let pair = |pair: &str| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then(|| value.trim_matches('"').to_owned())
    };
    plain(&item.split(';').find_map(pair)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_proxies_of_ours_saw_counts() {
        let proxies = TrustedProxies::new(&["10.0.0.0/8".to_owned(), "fd00::1".to_owned()]).unwrap();
        let client = |peer: &str, headers: &[(&str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
            }
            proxies.client(peer.parse().unwrap(), &map).to_string()
        };
        let forwarded_for = |value| [("x-forwarded-for", value)];
        assert_eq!(client("192.0.2.9", &forwarded_for("192.0.2.1")), "192.0.2.9", "a stranger");
        assert_eq!(client("10.0.0.5", &[]), "10.0.0.5");
        assert_eq!(client("10.0.0.5", &forwarded_for("192.0.2.1")), "192.0.2.1");
        assert_eq!(client("10.0.0.5", &forwarded_for("6.6.6.6, 192.0.2.1, 10.1.1.1")), "192.0.2.1");
        assert_eq!(client("10.0.0.5", &forwarded_for("10.1.1.1")), "10.1.1.1");
        assert_eq!(client("10.0.0.5", &forwarded_for("192.0.2.1, unknown")), "10.0.0.5");
        assert_eq!(client("::ffff:10.0.0.5", &forwarded_for("192.0.2.1:4711")), "192.0.2.1");
        let many = [("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "192.0.2.1")];
        assert_eq!(client("10.0.0.5", &many), "192.0.2.1");
        let labelled = [("forwarded", "for=6.6.6.6, for=\"[2001:db8::1]:4711\";proto=http")];
        assert_eq!(client("fd00::1", &labelled), "2001:db8::1");
        let both = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")];
        assert_eq!(client("10.0.0.5", &both), "192.0.2.1");
        let differ = [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=6.6.6.6")];
        assert_eq!(client("10.0.0.5", &differ), "10.0.0.5");
        assert!(TrustedProxies::new(&["10.0.0.1/8".to_owned()]).is_err());
    }
}
