//! Reads the keys from where they are.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::keys::Keys;
use super::{Settings, Source};

/// The largest set of keys, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// How long the provider may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// What the provider says of itself, as far as it is of use here.
#[derive(Deserialize)]
struct Provider {
    issuer: String,
    jwks_uri: String,
}

/// Reads them, which takes up to twice [`PATIENCE`].
///
/// # Errors
/// What is wrong with which file or URL.
pub(super) fn fetch(settings: &Settings) -> Result<Keys, String> {
    match &settings.source {
        Source::File(file) => of_file(file),
        Source::Url { url, ca } => of_url(&agent(ca.as_deref(), url)?, url),
        Source::Discovered { ca } => {
            let url = discovery(&settings.issuer);
            let agent = agent(ca.as_deref(), &url)?;
            let text = get(&agent, &url)?;
            let provider: Provider = serde_json::from_slice(&text)
                .map_err(|e| format!("{url}: is no description of a provider: {e}"))?;
            // OpenID Connect Discovery 1.0, section 4.3.
            if provider.issuer != settings.issuer {
                return Err(format!(
                    "{url}: is of the issuer {:?}; management.oidc.issuer has to be the same",
                    provider.issuer
                ));
            }
            of_url(&agent, &provider.jwks_uri)
        }
    }
}

/// Those in a file.
pub(super) fn of_file(file: &Path) -> Result<Keys, String> {
    let at = file.display();
    let length = std::fs::metadata(file).map_err(|e| format!("{at}: {e}"))?.len();
    if length > MAX_BYTES {
        return Err(format!("{at}: has {length} bytes, and may have {MAX_BYTES}"));
    }
    let text = std::fs::read(file).map_err(|e| format!("{at}: {e}"))?;
    Keys::read(&text).map_err(|problem| format!("{at}: {problem}"))
}

/// Whether a file has the certificates of CAs.
///
/// # Errors
/// What is wrong with it.
pub fn check_ca(file: &Path) -> Result<(), String> {
    roots(file).map(drop)
}

/// Where an issuer describes itself (OpenID Connect Discovery 1.0, section 4.1).
fn discovery(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))
}

fn of_url(agent: &Agent, url: &str) -> Result<Keys, String> {
    Keys::read(&get(agent, url)?).map_err(|problem| format!("{url}: {problem}"))
}

fn get(agent: &Agent, url: &str) -> Result<Vec<u8>, String> {
    let read = || agent.get(url).call()?.body_mut().with_config().limit(MAX_BYTES).read_to_vec();
    read().map_err(|error| format!("{url}: {error}"))
}

fn agent(ca: Option<&Path>, url: &str) -> Result<Agent, String> {
    let roots = ca.map(roots).transpose()?.map_or(RootCerts::WebPki, RootCerts::from);
    let config = Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        // Only what is asked for in clear, on this computer, is answered in clear.
        .https_only(url.starts_with("https://"))
        .max_redirects(3)
        .timeout_global(Some(PATIENCE))
        .user_agent(concat!("pxe-init-server/", env!("CARGO_PKG_VERSION")));
    Ok(config.build().new_agent())
}

fn roots(file: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let at = file.display();
    let text = std::fs::read(file).map_err(|e| format!("{at}: {e}"))?;
    let mut found = Vec::new();
    for item in parse_pem(&text) {
        if let PemItem::Certificate(certificate) = item.map_err(|e| format!("{at}: is no PEM: {e}"))? {
            found.push(certificate);
        }
    }
    match found.is_empty() {
        true => {
            Err(format!("{at}: there is no certificate in it; it begins with -----BEGIN CERTIFICATE-----"))
        }
        false => Ok(found),
    }
}
