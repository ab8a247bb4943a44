//! Where the server is.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;

/// Where a server listens by default.
pub(super) const DEFAULT: &str = "grpc://127.0.0.1:5000";

/// The server's gRPC port where the endpoint names none.
const DEFAULT_PORT: u16 = 5000;

/// The address of a server's gRPC port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// The host with its port; an IPv6 address is in brackets.
    authority: String,
    /// Whether it is reached through TLS.
    secure: bool,
}

impl Endpoint {
    /// The URL that tonic connects to.
    pub(super) fn url(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.authority)
    }

    /// Whether it is reached through TLS.
    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether what is sent there stays on this computer.
    pub(super) fn is_local(&self) -> bool {
        let host = self.authority.rsplit_once(':').map_or(&*self.authority, |(host, _)| host);
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host.eq_ignore_ascii_case("localhost")
            || address.is_ok_and(|address| address.to_canonical().is_loopback())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.secure { "grpcs" } else { "grpc" }, self.authority)
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "write it like grpc://127.0.0.1:5000, or grpcs://HOST:5000 for TLS";
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(format!("there is no scheme; {EXAMPLE}"));
        };
        let secure = match scheme {
            "grpc" | "http" => false,
            "grpcs" | "https" => true,
            other => return Err(format!("the scheme {other:?} is not supported; {EXAMPLE}")),
        };
        let uri: Uri = format!("http://{rest}").parse().map_err(|e| format!("{e}; {EXAMPLE}"))?;
        let authority = uri.authority().ok_or_else(|| format!("there is no host; {EXAMPLE}"))?;
        if authority.host().is_empty() || authority.as_str().contains('@') {
            return Err(format!("{:?} is no host; {EXAMPLE}", authority.as_str()));
        }
        if uri.path_and_query().is_some_and(|path| path.as_str() != "/") {
            return Err(format!("there is a path after the host; {EXAMPLE}"));
        }
        let port = match authority.port_u16() {
            Some(port) => port,
            None if authority.as_str() == authority.host() => DEFAULT_PORT,
            None => return Err(format!("{:?} has no valid port; {EXAMPLE}", authority.as_str())),
        };
        Ok(Self { authority: format!("{}:{port}", authority.host()), secure })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_both_spellings_and_fills_in_the_port() {
        for (text, url) in [
            ("grpc://127.0.0.1:5000", "http://127.0.0.1:5000"),
            ("http://boot.example.org:80/", "http://boot.example.org:80"),
            ("grpc://boot", "http://boot:5000"),
            ("grpc://[::1]", "http://[::1]:5000"),
            ("grpcs://boot", "https://boot:5000"),
            ("https://boot:443", "https://boot:443"),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().url(), url);
        }
    }

    #[test]
    fn knows_what_stays_here() {
        let is_local = |text: &str| text.parse::<Endpoint>().unwrap().is_local();
        for text in ["grpc://127.0.0.1", "grpc://127.1.2.3:80", "grpc://[::1]:5000", "grpc://LocalHost:1"] {
            assert!(is_local(text), "{text}");
        }
        for text in ["grpc://boot", "grpc://10.0.0.1", "grpc://127.0.0.1.example.org", "grpc://[fd00::1]"] {
            assert!(!is_local(text), "{text}");
        }
    }

    #[test]
    fn refuses_and_says_what_to_write() {
        for (text, part) in [
            ("127.0.0.1:5000", "there is no scheme; write it like grpc://"),
            ("tcp://boot:5000", "the scheme \"tcp\" is not supported"),
            ("grpc://", "write it like"),
            ("grpc://:5000", "is no host"),
            ("grpc://boot:port", "write it like"),
            ("grpc://boot:5000/v1", "there is a path"),
            ("grpc://me:secret@boot:5000", "is no host"),
        ] {
            let message = text.parse::<Endpoint>().unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
