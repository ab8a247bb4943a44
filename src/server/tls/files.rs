//! Certificates and keys from files, with what is wrong told in terms of the file.

use std::path::{Path, PathBuf};

use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::domain::Timestamp;

/// Why a file can not be used.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {}: {problem}", file.display())]
pub struct TlsError {
    /// The setting that names the file.
    pub key: &'static str,
    /// The file.
    pub file: PathBuf,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// A file that a setting names.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) key: &'static str,
    pub(super) file: PathBuf,
}

impl Named {
    pub(super) fn new(key: &'static str, file: &Path) -> Self {
        Self { key, file: file.to_owned() }
    }

    pub(super) fn wrong(&self, problem: impl Into<String>) -> TlsError {
        TlsError { key: self.key, file: self.file.clone(), problem: problem.into() }
    }

    fn read(&self) -> Result<Vec<u8>, TlsError> {
        std::fs::read(&self.file).map_err(|e| self.wrong(e.to_string()))
    }

    /// The certificates in it, of which there is at least one.
    pub(super) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let bytes = self.read()?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        let found = found.map_err(|e| self.wrong(format!("is no PEM: {e}")))?;
        if found.is_empty() {
            return Err(
                self.wrong("there is no certificate in it; it begins with -----BEGIN CERTIFICATE-----")
            );
        }
        Ok(found)
    }

    /// The private key in it.
    pub(super) fn key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        let bytes = self.read()?;
        PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
            PemError::NoItemsFound if find(&bytes, b"ENCRYPTED PRIVATE KEY") => self.wrong(
                "the key in it is encrypted; write one that is not, which only the server's user can read",
            ),
            PemError::NoItemsFound => {
                self.wrong("there is no private key in it; it begins with -----BEGIN PRIVATE KEY-----")
            }
            other => self.wrong(format!("is no PEM: {other}")),
        })
    }

    /// Refuses a certificate that is not valid at `now`.
    pub(super) fn check_time(
        &self,
        certificate: &CertificateDer<'_>,
        now: Timestamp,
    ) -> Result<(), TlsError> {
        let (_, parsed) = X509Certificate::from_der(certificate)
            .map_err(|e| self.wrong(format!("there is something else than a certificate in it: {e}")))?;
        let validity = parsed.validity();
        let seconds = now.0.div_euclid(1000);
        if validity.not_after.timestamp() < seconds {
            return Err(self.wrong(format!("the certificate expired on {}", validity.not_after)));
        }
        if validity.not_before.timestamp() > seconds {
            return Err(self.wrong(format!(
                "the certificate is not valid before {}; is the clock right?",
                validity.not_before
            )));
        }
        Ok(())
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
