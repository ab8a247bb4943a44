//! Requests that ask for nothing but a document, as all firmware and boot loaders send them.
//!
//! A room that powers on asks little of HTTP: a path, a query, a host. Requests of this form are read right here, which
//! costs a fraction of what a whole HTTP stack does; every other one, however odd, is left to that stack, which answers
//! the same (`tests/it/plain.rs`).

use std::net::SocketAddr;

use super::Question;
use crate::telemetry::TraceParent;

/// Headers of a plain request; iPXE sends three.
const MOST_HEADERS: usize = 16;

/// A `GET` or `HEAD` in HTTP/1.1 that has come whole, with nothing after it and no header that changes what it means.
#[derive(Debug)]
pub struct PlainRequest<'a> {
    /// Whether only the head of the answer is wanted.
    pub is_head: bool,
    /// Whether this is the last request on the connection.
    pub closes: bool,
    target: &'a str,
    host: Option<&'a str>,
    trace: TraceParent<'a>,
}

impl<'a> PlainRequest<'a> {
    /// Reads `bytes`, if they are one plain request and nothing else.
    pub fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut head = httparse::Request::new(&mut headers);
        let httparse::Status::Complete(length) = head.parse(bytes).ok()? else { return None };
        let is_head = match head.method? {
            "GET" => false,
            "HEAD" => true,
            _ => return None,
        };
        let target =
            head.path.filter(|target| target.starts_with('/') && target.bytes().all(is_of_a_target))?;
        if length != bytes.len() || head.version != Some(1) {
            return None;
        }
        let mut request = Self { is_head, closes: false, target, host: None, trace: TraceParent::default() };
        for header in head.headers.iter() {
            request.take(header.name, std::str::from_utf8(header.value).ok()?)?;
        }
        Some(request)
    }

    /// Takes in a header; none where it makes this no plain request.
    fn take(&mut self, name: &str, value: &'a str) -> Option<()> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        match name.len() {
            4 if is("host") => {
                let is_first = self.host.replace(value).is_none();
                return is_first.then_some(());
            }
            10 if is("connection") => {
                self.closes = value.eq_ignore_ascii_case("close");
                return (self.closes || value.eq_ignore_ascii_case("keep-alive")).then_some(());
            }
            11 if is("traceparent") => self.trace.parent = Some(value),
            10 if is("tracestate") => {
                let is_first = self.trace.state.replace(value).is_none();
                return is_first.then_some(());
            }
            // What says that more comes, that the answer is to wait or to be another, or that somebody is between us.
            _ if OTHERS.iter().any(|other| is(other)) => return None,
            _ => {}
        }
        Some(())
    }

    /// What it asks.
    pub fn question(&self, peer: SocketAddr) -> Question<'a> {
        let (path, query) = self.target.split_once('?').unwrap_or((self.target, ""));
        Question { path, query, host: self.host, peer, trace: self.trace }
    }
}

/// Headers that a plain request does not have.
const OTHERS: [&str; 10] = [
    "content-length",
    "transfer-encoding",
    "expect",
    "upgrade",
    "trailer",
    "te",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

/// What RFC 3986 lets stand in a path and a query. A table, since every byte of every request is looked up.
const OF_A_TARGET: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"-._~:/?@!$&'()*+,;=%";
    let mut i = 0;
    while i < others.len() {
        table[others[i] as usize] = true;
        i += 1;
    }
    table
};

fn is_of_a_target(byte: u8) -> bool {
    OF_A_TARGET[usize::from(byte)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<PlainRequest<'_>> {
        PlainRequest::read(text.as_bytes())
    }

    #[test]
    fn what_ipxe_sends_is_plain() {
        let text = "GET /ipxe?mac=52-54-00-12-34-56&serial=A%20B HTTP/1.1\r\nConnection: keep-alive\r\n\
                    User-Agent: iPXE/1.21.1\r\nHost: 10.0.2.2:8080\r\n\r\n";
        let request = read(text).unwrap();
        assert!(!request.is_head && !request.closes);
        let question = request.question(([10, 0, 2, 15], 1).into());
        assert_eq!((question.path, question.query), ("/ipxe", "mac=52-54-00-12-34-56&serial=A%20B"));
        assert_eq!(question.host, Some("10.0.2.2:8080"));
        assert!(read("HEAD / HTTP/1.1\r\nconnection: CLOSE\r\n\r\n").is_some_and(|r| r.is_head && r.closes));
    }

    #[test]
    fn what_is_odd_is_left_to_others() {
        for text in [
            "",
            "GET / HTTP/1.1\r\nHost: a\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "POST / HTTP/1.1\r\n\r\n",
            "GET http://a/ HTTP/1.1\r\n\r\n",
            "GET * HTTP/1.1\r\n\r\n",
            "GET /a\"b HTTP/1.1\r\n\r\n",
            "GET /a#b HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nConnection: upgrade\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx",
            "GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
            "GET / HTTP/1.1\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: \u{fc}\r\n folded\r\n\r\n",
        ] {
            assert!(read(text).is_none(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = PlainRequest::read(&bytes);
        }
    }
}
