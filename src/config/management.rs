//! Who may manage the server, and what TLS it has.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::choice::choice;
use super::oidc::Oidc;
use super::{ConfigError, wrong};

/// Who may manage.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Management {
    /// Who needs no credential.
    pub anonymous: Anonymous,
    /// Who the holders of client certificates are.
    pub identities: Vec<Identity>,
    /// Whose tokens are taken beside ours.
    pub oidc: Oidc,
}

/// Who the holder of a client certificate is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// An alternative or the common name of the certificate.
    pub name: String,
    /// What the holder may do.
    pub role: Role,
    /// Whether the holder may read secrets.
    #[serde(default)]
    pub secrets: bool,
}

/// The files of a listener's TLS.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate, with those between it and its CA; empty for no TLS.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The CA of client certificates; empty for none.
    pub client_ca: PathBuf,
    /// Whether a client must have one.
    pub client_auth: ClientAuth,
}

/// HTTPS for machines and monitoring.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpTls {
    /// The port to listen on; 0 for any that is free.
    pub port: u16,
    /// The certificate, with those between it and its CA; empty for no HTTPS.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl HttpTls {
    /// Whether there is to be HTTPS.
    pub fn is_on(&self) -> bool {
        !self.cert.as_os_str().is_empty()
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match (self.is_on(), !self.key.as_os_str().is_empty()) {
            (true, false) => Err(wrong(
                "http.tls.key",
                "is missing; http.tls.cert has a certificate, and this its private key",
            )),
            (false, true) => Err(wrong(
                "http.tls.cert",
                "is missing; http.tls.key has a private key, and this its certificate",
            )),
            _ => Ok(()),
        }
    }
}

choice! {
    /// Who needs no credential.
    Anonymous {
        /// Whoever calls from this computer.
        Loopback = "loopback",
        /// Nobody.
        Never = "never",
    }
}

choice! {
    /// What a caller may do.
    Role {
        /// Read.
        Viewer = "viewer",
        /// Also change the catalog.
        Operator = "operator",
        /// Anything.
        Admin = "admin",
    }
}

choice! {
    /// Whether a client must have a certificate.
    ClientAuth {
        /// It may have a token instead.
        Optional = "optional",
        /// Who has none is not let in.
        Required = "required",
    }
}

impl Tls {
    /// Whether there is to be TLS.
    pub fn is_on(&self) -> bool {
        !self.cert.as_os_str().is_empty()
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let (key, client_ca) = (!self.key.as_os_str().is_empty(), !self.client_ca.as_os_str().is_empty());
        match self.is_on() {
            true if !key => Err(wrong(
                "grpc.tls.key",
                "is missing; grpc.tls.cert has a certificate, and this its private key",
            )),
            false if key => Err(wrong(
                "grpc.tls.cert",
                "is missing; grpc.tls.key has a private key, and this its certificate",
            )),
            false if client_ca => Err(wrong(
                "grpc.tls.client_ca",
                "takes a certificate of the server too: set grpc.tls.cert and grpc.tls.key",
            )),
            true if !client_ca && self.client_auth == ClientAuth::Required => Err(wrong(
                "grpc.tls.client_ca",
                "is missing; client_auth = \"required\" takes the CA of client certificates",
            )),
            _ => Ok(()),
        }
    }
}

impl Management {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let mut seen = std::collections::BTreeSet::new();
        for Identity { name, .. } in &self.identities {
            if name.is_empty() || name.len() > 253 || !name.bytes().all(|b| b.is_ascii_graphic()) {
                let problem = format!(
                    "{name:?} is no name of a certificate; use 1 to 253 ASCII characters without spaces"
                );
                return Err(wrong("management.identities", problem));
            }
            if !seen.insert(name) {
                return Err(wrong("management.identities", format!("{name:?} is there twice")));
            }
        }
        self.oidc.check()
    }
}
