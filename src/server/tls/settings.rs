//! From files to what a listener needs for TLS.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::files::{Named, TlsError};
use crate::config::{ClientAuth, Tls};
use crate::domain::Timestamp;

/// The files of one listener, and what it speaks.
#[derive(Clone, Debug)]
pub(in crate::server) struct Files {
    cert: Named,
    key: Named,
    client_ca: Option<(Named, ClientAuth)>,
    /// The protocol within, as TLS names it (RFC 7301).
    protocol: &'static [u8],
}

impl Files {
    /// Those of the management API; none where it is to have no TLS.
    pub(in crate::server) fn of_grpc(tls: &Tls) -> Option<Self> {
        let client_ca = (!tls.client_ca.as_os_str().is_empty())
            .then(|| (Named::new("grpc.tls.client_ca", &tls.client_ca), tls.client_auth));
        tls.is_on().then(|| Self {
            cert: Named::new("grpc.tls.cert", &tls.cert),
            key: Named::new("grpc.tls.key", &tls.key),
            client_ca,
            protocol: b"h2",
        })
    }

    /// All of them.
    pub(super) fn paths(&self) -> impl Iterator<Item = &std::path::Path> {
        let ca = self.client_ca.as_ref().map(|(named, _)| named);
        [&self.cert, &self.key].into_iter().chain(ca).map(|named| named.file.as_path())
    }

    /// Reads them, and checks that they fit each other at `now`.
    ///
    /// TLS 1.2 and 1.3 with the suites that rustls takes for safe: forward secrecy and authenticated encryption only.
    pub(super) fn load(&self, now: Timestamp) -> Result<ServerConfig, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| self.cert.wrong(e.to_string()))?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some((ca, auth)) => {
                let mut roots = RootCertStore::empty();
                for certificate in ca.certificates()? {
                    ca.check_time(&certificate, now)?;
                    roots.add(certificate).map_err(|e| ca.wrong(format!("it is no CA: {e}")))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                let verifier = match auth {
                    ClientAuth::Required => verifier,
                    ClientAuth::Optional => verifier.allow_unauthenticated(),
                };
                builder.with_client_cert_verifier(verifier.build().map_err(|e| ca.wrong(e.to_string()))?)
            }
        };
        let chain = self.cert.certificates()?;
        self.cert.check_time(&chain[0], now)?;
        let mut config = builder.with_single_cert(chain, self.key.key()?).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => self.key.wrong(format!(
                "the key does not belong to the certificate in {}; they are made together",
                self.cert.file.display()
            )),
            other => self.key.wrong(format!("the key and the certificate can not be used: {other}")),
        })?;
        config.alpn_protocols = vec![self.protocol.to_vec()];
        Ok(config)
    }
}
