//! The base of our URLs, as a machine sees us.

use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};

use crate::service::Settings;

/// The longest `Host` that is believed, in bytes: a DNS name and a port.
const MAX_HOST: usize = 253 + 6;

/// `http://HOST` of the request, since that is where this machine reaches us; the configured base where one is
/// configured, or where the request names no host that could stand in a URL.
///
/// A request through a proxy names the whole URL, whose host then counts (RFC 9112, section 3.2.2).
pub(super) fn base_url(settings: &Settings, uri: &Uri, headers: &HeaderMap) -> String {
    let authority = uri.authority().map(Authority::as_str);
    let host = authority.or_else(|| headers.get(HOST)?.to_str().ok()).filter(|host| is_host(host));
    if !settings.base_url_fixed
        && let Some(host) = host
    {
        return ["http://", host].concat();
    }
    settings.base_url.clone()
}

/// RFC 9110, section 7.2: `uri-host [":" port]`, without what a URL or an iPXE script would give a meaning.
fn is_host(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    (1..=MAX_HOST).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_host_is_believed() {
        for text in ["boot", "boot.example.org:8080", "10.0.2.2:80", "[fd00::1]:8080"] {
            assert!(is_host(text), "{text}");
        }
        for text in ["", "a b", "a/b", "a@b", "${net0/mac}", "a\"", "a%20", &"a".repeat(300)] {
            assert!(!is_host(text), "{text}");
        }
    }
}
