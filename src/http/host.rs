//! The host under which a machine reaches us.

/// The longest `Host` that is believed, in bytes: a DNS name and a port.
const MAX_HOST: usize = 253 + 6;

/// Whether `text` can be what the URLs of documents begin with: `uri-host [":" port]` of RFC 9110, section 7.2, without
/// what a URL or an iPXE script would give a meaning.
pub(super) fn believable(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    (1..=MAX_HOST).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_host_is_believed() {
        for text in ["boot", "boot.example.org:8080", "10.0.2.2:80", "[fd00::1]:8080"] {
            assert!(believable(text), "{text}");
        }
        for text in ["", "a b", "a/b", "a@b", "${net0/mac}", "a\"", "a%20", &"a".repeat(300)] {
            assert!(!believable(text), "{text}");
        }
    }
}
