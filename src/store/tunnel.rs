//! TLS to Postgres that trusts the CAs of one file and no others.
//!
//! The driver trusts the CAs of the web beside those that it is given, whatever its features, so that with `verify-ca` a
//! certificate of any of them would pass. So where a URL names CAs of its own, the driver speaks in clear to a socket that
//! only this process's user can reach, and what comes in there goes out to the server through TLS of ours.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpStream, UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::StoreError;

/// Asks for TLS (manual of Postgres, "Message Formats", SSLRequest).
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// How long to wait when no connection can be accepted, such as when all file descriptors are in use.
const ERROR_PAUSE: Duration = Duration::from_millis(100);

/// What a server has to prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// That one of our CAs knows it.
    Ca,
    /// The same, and that it has the name by which we call it.
    Name,
}

/// Where to, and how; files are names, or their text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) check: Check,
    pub(super) root: &'a str,
    /// The certificate and the key by which we say who we are.
    pub(super) client: Option<(&'a str, &'a str)>,
    pub(super) patience: Duration,
}

/// A way to one server. It ends when it is dropped.
pub(super) struct Tunnel {
    dir: TempDir,
    last: Arc<Mutex<Option<io::Error>>>,
    accepting: JoinHandle<()>,
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tunnel").field(&self.dir.path()).finish()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Tunnel {
    /// Opens this end of it; the other end is connected to by who comes in.
    pub(super) fn open(target: &Target<'_>) -> Result<Self, StoreError> {
        let config = config(target)?;
        let name = ServerName::try_from(target.host.to_owned())
            .map_err(|e| StoreError::refused(format!("{} is no name of a server: {e}", target.host)))?;
        let far = Far {
            address: (target.host.to_owned(), target.port),
            name,
            connector: TlsConnector::from(Arc::new(config)),
            patience: target.patience,
        };
        let unusable = |e: io::Error| {
            StoreError::refused(format!(
                "no socket for TLS to the database can be made in a directory of our own: {e}"
            ))
        };
        // Only its owner can enter it.
        let dir = tempfile::Builder::new().prefix("pxe-init-tls-").tempdir().map_err(unusable)?;
        let listener = UnixListener::bind(dir.path().join(format!(".s.PGSQL.{}", target.port)));
        let (listener, last) = (listener.map_err(unusable)?, Arc::default());
        let accepting = tokio::spawn(accept(listener, Arc::new(far), Arc::clone(&last)));
        Ok(Self { dir, last, accepting })
    }

    /// The directory of the socket, which the driver takes for a host.
    pub(super) fn host(&self) -> &Path {
        self.dir.path()
    }

    /// Why the server was not reached of late, where that is so.
    pub(super) fn take_error(&self) -> Option<io::Error> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The other end.
struct Far {
    address: (String, u16),
    name: ServerName<'static>,
    connector: TlsConnector,
    patience: Duration,
}

impl Far {
    async fn connect(&self) -> io::Result<TlsStream<TcpStream>> {
        let connecting = async {
            let mut stream = TcpStream::connect(&self.address).await?;
            stream.set_nodelay(true)?;
            stream.write_all(&SSL_REQUEST).await?;
            // What somebody on the way puts behind it would be read as TLS, and fail.
            match stream.read_u8().await? {
                b'S' => self.connector.connect(self.name.clone(), stream).await,
                // The words that the driver has for it.
                _ => Err(io::Error::new(io::ErrorKind::InvalidData, "server does not support TLS")),
            }
        };
        timeout(self.patience, connecting).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

async fn accept(listener: UnixListener, far: Arc<Far>, last: Arc<Mutex<Option<io::Error>>>) {
    loop {
        match listener.accept().await {
            Ok((near, _)) => drop(tokio::spawn(join(near, far.clone(), last.clone()))),
            Err(error) => {
                tracing::warn!(%error, "a connection to the database can not be accepted");
                sleep(ERROR_PAUSE).await;
            }
        }
    }
}

/// Passes on what both sides say, until one of them ends.
async fn join(mut near: UnixStream, far: Arc<Far>, last: Arc<Mutex<Option<io::Error>>>) {
    let joined = async {
        let mut far = far.connect().await?;
        copy_bidirectional(&mut near, &mut far).await
    };
    let Err(error) = joined.await else { return };
    let cause = error.get_ref();
    if cause.and_then(|cause| cause.downcast_ref::<rustls::Error>()).is_some() {
        tracing::warn!(%error, "TLS to the database can not be agreed on");
    } else {
        tracing::debug!(%error, "the connection to the database through TLS ended");
    }
    // Before this end is closed, by which the driver learns that something is wrong.
    *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
}

fn config(target: &Target<'_>) -> Result<ClientConfig, StoreError> {
    let unusable = |e: rustls::Error| StoreError::refused(format!("TLS to the database: {e}"));
    let provider = Arc::new(ring::default_provider());
    let roots = Arc::new(roots(target.root)?);
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
        .build()
        .map_err(|e| StoreError::refused(format!("sslrootcert: {}: {e}", shown(target.root))))?;
    let verifier: Arc<dyn ServerCertVerifier> = match target.check {
        Check::Name => verifier,
        Check::Ca => Arc::new(AnyName(verifier)),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let Some((cert, key)) = target.client else { return Ok(builder.with_no_client_auth()) };
    let certificates = certificates("sslcert", cert)?;
    let wrong = |problem: String| StoreError::refused(format!("sslkey: {}: {problem}", shown(key)));
    let text = read("sslkey", key)?;
    let key = PrivateKeyDer::from_pem_slice(&text)
        .map_err(|e| wrong(format!("there is no private key in it that can be read: {e}")))?;
    builder
        .with_client_auth_cert(certificates, key)
        .map_err(|e| wrong(format!("it can not be used with sslcert: {e}")))
}

/// The CAs of a file and no others.
fn roots(file: &str) -> Result<RootCertStore, StoreError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("sslrootcert", file)? {
        roots
            .add(certificate)
            .map_err(|e| StoreError::refused(format!("sslrootcert: {}: it is no CA: {e}", shown(file))))?;
    }
    Ok(roots)
}

fn certificates(key: &str, file: &str) -> Result<Vec<CertificateDer<'static>>, StoreError> {
    let text = read(key, file)?;
    let wrong = |problem: String| StoreError::refused(format!("{key}: {}: {problem}", shown(file)));
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|e| wrong(format!("is no PEM: {e}")))?;
    match found.is_empty() {
        true => {
            Err(wrong("there is no certificate in it; it begins with -----BEGIN CERTIFICATE-----".to_owned()))
        }
        false => Ok(found),
    }
}

/// A URL may have the text itself in the place of the name.
fn read(key: &str, file: &str) -> Result<Vec<u8>, StoreError> {
    if is_text(file) {
        return Ok(file.as_bytes().to_vec());
    }
    std::fs::read(file).map_err(|e| StoreError::refused(format!("{key}: {file} can not be read: {e}")))
}

fn is_text(file: &str) -> bool {
    file.contains("-----BEGIN")
}

fn shown(file: &str) -> &str {
    if is_text(file) { "the PEM in the URL" } else { file }
}

/// Takes a certificate whatever it names.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // The name is looked at last, once all else was found to be right.
        match self.0.verify_server_cert(certificate, between, name, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cas_of_the_file_are_all_that_is_trusted() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        assert_eq!(roots(&pem).unwrap().len(), 1);
        let told = roots("hello -----BEGIN").unwrap_err().to_string();
        assert!(told.contains("sslrootcert: the PEM in the URL: there is no certificate in it"), "{told}");
    }
}
