//! Makes certificates.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, Error, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use crate::domain::Timestamp;

/// How long a CA is valid, in days.
const CA_DAYS: u64 = 3650;

/// How long what it signs is valid, in days: as long as most programs accept of a server.
const DAYS: u64 = 825;

/// Clocks differ by less than this.
const SKEW: Duration = Duration::from_secs(3600);

/// A certificate and its private key, in PEM.
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// What signs the others.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    now: Timestamp,
}

impl Authority {
    /// A new one.
    pub(super) fn new(now: Timestamp) -> Result<(Self, Pair), Error> {
        let key = KeyPair::generate()?;
        let mut params = params("pxe-init CA", &[], CA_DAYS, now)?;
        // It signs certificates of servers and clients, and no other CA.
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?.pem();
        let pair = Pair { certificate, key: key.serialize_pem() };
        Ok((Self { issuer: Issuer::new(params, key), now }, pair))
    }

    /// The one that these files have.
    pub(super) fn of(certificate: &str, key: &str, now: Timestamp) -> Result<Self, Error> {
        let issuer = Issuer::from_ca_cert_pem(certificate, KeyPair::from_pem(key)?)?;
        Ok(Self { issuer, now })
    }

    /// A certificate of a server that is reached under these names and addresses.
    pub(super) fn server(&self, hosts: &[String]) -> Result<Pair, Error> {
        self.sign(&hosts[0], hosts, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A certificate of a client of this name.
    pub(super) fn client(&self, name: &str) -> Result<Pair, Error> {
        self.sign(name, &[], ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn sign(&self, name: &str, hosts: &[String], usage: ExtendedKeyUsagePurpose) -> Result<Pair, Error> {
        let key = KeyPair::generate()?;
        let mut params = params(name, hosts, DAYS, self.now)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Pair { certificate, key: key.serialize_pem() })
    }
}

fn params(name: &str, hosts: &[String], days: u64, now: Timestamp) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(hosts)?;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    let now = date_time_ymd(1970, 1, 1) + Duration::from_millis(now.0.unsigned_abs());
    params.not_before = now - SKEW;
    params.not_after = now + Duration::from_secs(days * 24 * 3600);
    Ok(params)
}
