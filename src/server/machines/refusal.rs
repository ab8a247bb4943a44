//! 503 with `Retry-After`: iPXE waits and asks again by itself, as often as it takes.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::super::chance::Chance;

/// The fewest and the most seconds that a machine is asked to wait, by chance between them: machines that were refused
/// at once must not come back at once.
const LEAST_SECONDS: u32 = 2;
const MOST_SECONDS: u32 = 10;

/// How long a client that is refused may take to send its request.
const WAIT: Duration = Duration::from_secs(2);

/// As much of a request as is looked at.
const LOOK: usize = 4096;

/// What monitoring asks. It is answered when machines are not.
const MONITORING: [&str; 3] = ["/health", "/ready", "/metrics"];

/// Whether `path` is one that monitoring asks.
pub(super) fn is_monitoring(path: &str) -> bool {
    MONITORING.contains(&path)
}

/// Refusals that are ready to be sent.
pub(super) struct Refusals {
    chance: Chance,
    ready: Vec<Ready>,
}

struct Ready {
    bytes: Vec<u8>,
    head: usize,
}

/// What became of a connection that is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It was told, or is gone.
    Told,
    /// It asks for what monitoring asks; nothing was read.
    Monitoring,
    /// Its request is not here yet.
    Nothing,
}

impl Refusals {
    pub(super) fn new(chance: Chance) -> Self {
        let ready = (LEAST_SECONDS..=MOST_SECONDS).map(|seconds| {
            let line = line(seconds);
            let head = format!(
                "HTTP/1.1 503 Service Unavailable\r\nretry-after: {seconds}\r\nconnection: close\r\n\
                 content-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\r\n",
                line.len()
            );
            Ready { head: head.len(), bytes: (head + &line).into_bytes() }
        });
        Self { chance, ready: ready.collect() }
    }

    /// Seconds after which a machine may ask again.
    pub(super) fn seconds(&self) -> u32 {
        let width = f64::from(MOST_SECONDS - LEAST_SECONDS + 1);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 up to 9")]
        let more = ((self.chance)() * width) as u32;
        (LEAST_SECONDS + more).min(MOST_SECONDS)
    }

    /// A refusal of a request that was read.
    pub(super) fn response(&self) -> Response {
        let seconds = self.seconds();
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
            (RETRY_AFTER, HeaderValue::from(seconds)),
            (CONNECTION, HeaderValue::from_static("close")),
        ];
        (StatusCode::SERVICE_UNAVAILABLE, headers, Body::from(line(seconds))).into_response()
    }

    /// Refuses a connection whose request is here already, which it is where the server is slow. It is read first: to
    /// close a connection with something unread resets it, and the client might lose the answer.
    pub(super) fn now(&self, socket: impl AsFd) -> Heard {
        let mut buffer = [0; LOOK];
        let length = match recv(&socket, &mut buffer[..], RecvFlags::PEEK | RecvFlags::DONTWAIT) {
            Ok((length, _)) if length > 0 => length,
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => return Heard::Nothing,
            _ => return Heard::Told,
        };
        let seen = &buffer[..length];
        if asks_monitoring(seen) {
            return Heard::Monitoring;
        }
        let is_whole = length == LOOK || seen.windows(4).any(|end| end == b"\r\n\r\n");
        if !is_whole {
            return Heard::Nothing;
        }
        let is_head = seen.starts_with(b"HEAD ");
        while let Ok((length, _)) = recv(&socket, &mut buffer[..], RecvFlags::DONTWAIT) {
            if length < LOOK {
                break;
            }
        }
        let Ready { bytes, head } = &self.ready[(self.seconds() - LEAST_SECONDS) as usize];
        let answer = if is_head { &bytes[..*head] } else { bytes };
        // The first bytes on this connection: they fit, or it is gone.
        let _ = send(&socket, answer, SendFlags::NOSIGNAL | SendFlags::DONTWAIT);
        Heard::Told
    }

    /// The same, and waits a while for a request that is not here yet.
    pub(super) async fn soon(&self, stream: &TcpStream) -> Heard {
        let look = stream.async_io(Interest::READABLE, || match self.now(stream) {
            Heard::Nothing => Err(io::ErrorKind::WouldBlock.into()),
            heard => Ok(heard),
        });
        match tokio::time::timeout(WAIT, look).await {
            Ok(Ok(heard)) => heard,
            _ => Heard::Told,
        }
    }
}

fn line(seconds: u32) -> String {
    format!("the server is busy or stops; ask again in {seconds} s\n")
}

/// Whether these are the first bytes of a request that monitoring makes.
fn asks_monitoring(seen: &[u8]) -> bool {
    let Some(rest) = seen.strip_prefix(b"GET ").or_else(|| seen.strip_prefix(b"HEAD ")) else { return false };
    let path = rest.split(|b| matches!(b, b' ' | b'?')).next().unwrap_or_default();
    std::str::from_utf8(path).is_ok_and(is_monitoring)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_spread_over_its_range() {
        let of = |chance| Refusals::new(chance).seconds();
        assert_eq!([of(|| 0.0), of(|| 0.5), of(|| 0.999)], [2, 6, 10]);
    }

    #[test]
    fn monitoring_is_told_by_its_path_alone() {
        assert!(asks_monitoring(b"GET /ready HTTP/1.1\r\n"));
        assert!(asks_monitoring(b"HEAD /health HTTP/1.1\r\n"));
        assert!(asks_monitoring(b"GET /metrics?x=1 HTTP/1.1\r\n"));
        for other in
            ["GET /readyx HTTP/1.1", "GET /ipxe?a=/ready HTTP/1.1", "POST /ready HTTP/1.1", "GET /rea", ""]
        {
            assert!(!asks_monitoring(other.as_bytes()), "{other}");
        }
    }
}
