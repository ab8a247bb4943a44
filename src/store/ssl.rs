//! How the connection to Postgres is protected, with the meaning that libpq gives its modes (manual of Postgres, "SSL
//! Support"). The driver falls back less than libpq does, and checks less.

use std::error::Error as _;
use std::io;

use rustls::{CertificateError, Error as TlsError};
use sea_orm::sqlx::Error as SqlxError;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::tunnel::{Check, Target, Tunnel};
use super::{Options, StoreError};

/// The value of `sslrootcert` that means the CAs that browsers trust.
const PUBLIC: &str = "system";

/// What a URL asks for.
pub(super) struct Ssl {
    url: String,
    mode: PgSslMode,
    root: Option<String>,
}

impl Ssl {
    /// What the URL of these options asks for, if that can be.
    pub(super) fn of(options: &Options, parsed: &PgConnectOptions) -> Result<Self, StoreError> {
        let url = options.url.clone();
        let root = parameter(&url, &["sslrootcert", "ssl-root-cert", "ssl-ca"]);
        let root = root.filter(|root| !root.is_empty());
        let refused = |problem: &str| Err(StoreError::refused(problem));
        let mode = match (parsed.get_ssl_mode(), root.as_deref()) {
            (PgSslMode::VerifyCa, Some(PUBLIC)) => {
                return refused(
                    "sslmode=verify-ca with sslrootcert=system would trust whoever has any certificate at all; use verify-full",
                );
            }
            (PgSslMode::VerifyCa | PgSslMode::VerifyFull, None) => {
                return refused(
                    "sslmode verify-ca and verify-full need the certificate of the CA: give sslrootcert (database.ssl_root_cert), \
                     or sslrootcert=system with verify-full for a CA that browsers trust",
                );
            }
            (PgSslMode::Require, Some(PUBLIC)) => PgSslMode::VerifyFull,
            (PgSslMode::Require, Some(_)) => PgSslMode::VerifyCa,
            (mode, _) => mode,
        };
        Ok(Self { url, mode, root })
    }

    /// The modes of the driver that amount to this one: each is tried when the one before was refused.
    pub(super) fn attempts(&self) -> Vec<PgSslMode> {
        match self.mode {
            // The driver takes it for `disable`.
            PgSslMode::Allow => vec![PgSslMode::Disable, PgSslMode::Require],
            // The driver goes without only if the server offers none.
            PgSslMode::Prefer => vec![PgSslMode::Prefer, PgSslMode::Disable],
            mode => vec![mode],
        }
    }

    /// Whether libpq would try the next one after this.
    pub(super) fn is_worth_another(error: &SqlxError) -> bool {
        is_of_tls(error)
            || error.as_database_error().is_some_and(|e| e.code().is_some_and(|code| code == "28000"))
    }

    /// The way to the server, where only CAs that are given may know it: the driver knows others too.
    pub(super) fn tunnel(
        &self,
        options: &Options,
        parsed: &PgConnectOptions,
    ) -> Result<Option<Tunnel>, StoreError> {
        let check = match self.mode {
            PgSslMode::VerifyCa => Check::Ca,
            PgSslMode::VerifyFull => Check::Name,
            _ => return Ok(None),
        };
        // There is no TLS through a socket of this computer, as the server will say.
        let (Some(root), None) = (self.root.as_deref().filter(|root| *root != PUBLIC), parsed.get_socket())
        else {
            return Ok(None);
        };
        let [cert, key] =
            [["sslcert", "ssl-cert"], ["sslkey", "ssl-key"]].map(|keys| parameter(&self.url, &keys));
        let client = match (&cert, &key) {
            (Some(cert), Some(key)) => Some((cert.as_str(), key.as_str())),
            (None, None) => None,
            _ => return Err(StoreError::refused("sslcert and sslkey go together; give both, or none")),
        };
        let (host, port, patience) = (parsed.get_host(), parsed.get_port(), options.acquire_timeout);
        Tunnel::open(&Target { host, port, check, root, client, patience }).map(Some)
    }

    /// The URL by which the driver goes through a tunnel.
    pub(super) fn url_through(&self, tunnel: &Tunnel) -> String {
        let encode = percent_encoding::utf8_percent_encode;
        let host = tunnel.host().to_string_lossy();
        // Of two hosts the driver takes the last.
        format!("{}&host={}", self.url(PgSslMode::Disable), encode(&host, percent_encoding::NON_ALPHANUMERIC))
    }

    /// The URL by which the driver does what `mode` says.
    pub(super) fn url(&self, mode: PgSslMode) -> String {
        let (place, query) = self.url.split_once('?').unwrap_or((&self.url, ""));
        let is_public = self.root.as_deref() == Some(PUBLIC);
        let kept = query.split('&').filter(|pair| !pair.is_empty()).filter(|pair| {
            let key = pair.split('=').next().unwrap_or_default();
            match key {
                "sslmode" | "ssl-mode" => false,
                "sslrootcert" | "ssl-root-cert" | "ssl-ca" => !is_public,
                _ => true,
            }
        });
        let mode = format!("sslmode={}", word(mode));
        let query: Vec<&str> = kept.chain([mode.as_str()]).collect();
        format!("{place}?{}", query.join("&"))
    }

    /// What is wrong and what would be right, if the error is one of TLS.
    pub(super) fn explain(&self, error: &SqlxError, parsed: &PgConnectOptions) -> Option<String> {
        if !is_of_tls(error) {
            return None;
        }
        let mode = word(self.mode);
        let root = self.root.as_deref().unwrap_or_default();
        let why = match tls_error(error) {
            Some(TlsError::InvalidCertificate(problem)) => match problem {
                CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                    format!("no CA in {root} signed the server's certificate; give the one that did")
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    "the server's certificate has expired; renew it there".to_owned()
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    "the server's certificate is not valid yet; one of the clocks is wrong, perhaps"
                        .to_owned()
                }
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    format!(
                        "the server's certificate does not name {}; connect to a name that it has, or use verify-ca",
                        parsed.get_host()
                    )
                }
                other => format!("the server's certificate can not be used: {other}"),
            },
            Some(TlsError::AlertReceived(alert)) => format!(
                "the server broke the handshake off ({alert:?}); it may want a client certificate: give sslcert and sslkey \
                 (database.ssl_cert, database.ssl_key)"
            ),
            Some(other) => other.to_string(),
            None if error.to_string().contains("does not support TLS") => {
                "the server has no TLS; switch it on there (ssl = on), or use prefer".to_owned()
            }
            None => error.to_string(),
        };
        Some(format!("sslmode={mode}: {why}"))
    }
}

/// Whether TLS itself failed, and not what went through it.
fn is_of_tls(error: &SqlxError) -> bool {
    match error {
        SqlxError::Tls(_) => true,
        SqlxError::Io(e) => e.kind() == io::ErrorKind::InvalidData || tls_error(error).is_some(),
        _ => false,
    }
}

/// What rustls said.
fn tls_error(error: &SqlxError) -> Option<&TlsError> {
    match error {
        SqlxError::Io(e) => e.get_ref()?.downcast_ref(),
        SqlxError::Tls(_) => {
            let mut cause = error.source();
            while let Some(found) = cause {
                if let Some(tls) = found.downcast_ref() {
                    return Some(tls);
                }
                cause = found.source();
            }
            None
        }
        _ => None,
    }
}

fn parameter(url: &str, keys: &[&str]) -> Option<String> {
    let mut pairs = url.split_once('?')?.1.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| keys.contains(key))?;
    Some(percent_encoding::percent_decode_str(value).decode_utf8().ok()?.into_owned())
}

fn word(mode: PgSslMode) -> &'static str {
    match mode {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    }
}
