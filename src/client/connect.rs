//! Where the server is, and what proves to it who calls.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::endpoint::{self, Endpoint};
use super::environment;
use super::failure::{Exit, Failure};

/// The largest file that is read for a token, in bytes.
const MAX_TOKEN_FILE: u64 = 64 << 10;

/// How to reach the server.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct ConnectArgs {
    /// Where the server's gRPC port is
    #[arg(
        long = "grpc-endpoint",
        help = "The server's gRPC port: grpc://HOST[:PORT], or grpcs://HOST[:PORT] for TLS",
        value_name = "URL",
        env = "PXE_INIT_ENDPOINT",
        hide_env_values = true,
        default_value = endpoint::DEFAULT,
        global = true
    )]
    pub(super) endpoint: Endpoint,
    /// Token that says who you are; --token-file keeps it out of the list of processes [env: PXE_INIT_TOKEN]
    #[arg(long, value_name = "TOKEN", conflicts_with = "token_file", global = true)]
    token: Option<String>,
    /// File that has the token [env: PXE_INIT_TOKEN_FILE]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, global = true)]
    token_file: Option<PathBuf>,
    /// Send the token although there is no TLS: whoever is on the way to the server can read it, and use it
    #[arg(long, global = true)]
    token_in_clear: bool,
    /// CA that the server's certificate is held against; without it those that the web trusts [env: PXE_INIT_CA]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, global = true)]
    ca: Option<PathBuf>,
    /// Certificate that says who you are, in PEM [env: PXE_INIT_CERT]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, global = true)]
    cert: Option<PathBuf>,
    /// Its private key [env: PXE_INIT_KEY]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, global = true)]
    key: Option<PathBuf>,
}

/// A server, and what is sent to it.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) endpoint: Endpoint,
    /// The authorization header.
    pub(super) authorization: Option<AsciiMetadataValue>,
    /// None for no TLS.
    pub(super) tls: Option<ClientTlsConfig>,
}

impl ConnectArgs {
    /// What these options and the environment come to.
    pub(super) fn target(&self) -> Result<Target, Failure> {
        let token = self.token()?;
        let (endpoint, in_clear) = (self.endpoint.clone(), self.token_in_clear);
        if token.is_some() && !endpoint.is_secure() && !endpoint.is_local() && !in_clear {
            let problem = format!(
                "{endpoint} is another host and there is no TLS, so that others could read the token"
            );
            return Err(Failure::new(Exit::Usage, problem).hint(
                "--token-in-clear sends it all the same, over a network where only the right people are",
            ));
        }
        let authorization = token.as_deref().map(authorization).transpose()?;
        let tls = self.tls()?;
        Ok(Target { endpoint, authorization, tls })
    }

    /// Options win over the environment.
    fn token(&self) -> Result<Option<String>, Failure> {
        if let Some(token) = &self.token {
            return Ok(Some(token.clone()));
        }
        if let Some(file) = &self.token_file {
            return read(file).map(Some);
        }
        if let Some(token) = environment::token() {
            return Ok(Some(token));
        }
        environment::token_file().map(|file| read(Path::new(&file))).transpose()
    }
}

impl ConnectArgs {
    fn tls(&self) -> Result<Option<ClientTlsConfig>, Failure> {
        let given = [&self.ca, &self.cert, &self.key].map(Clone::clone);
        if !self.endpoint.is_secure() {
            return match given.iter().any(Option::is_some) {
                true => Err(Failure::new(
                    Exit::Usage,
                    "--ca, --cert and --key are for TLS: write grpcs:// in --grpc-endpoint",
                )),
                false => Ok(None),
            };
        }
        let from_environment = environment::tls_files().map(|file| file.map(PathBuf::from));
        let mut files = given.into_iter().zip(from_environment).map(|(given, set)| given.or(set));
        let [ca, cert, key] = std::array::from_fn(|_| files.next().flatten());
        let mut tls = ClientTlsConfig::new();
        tls = match ca {
            Some(ca) => tls.ca_certificate(Certificate::from_pem(read_pem(&ca, "CERTIFICATE")?)),
            None => tls.with_webpki_roots(),
        };
        match (cert, key) {
            (Some(cert), Some(key)) => {
                let (cert, key) = (read_pem(&cert, "CERTIFICATE")?, read_pem(&key, "PRIVATE KEY")?);
                tls = tls.identity(Identity::from_pem(cert, key));
            }
            (None, None) => {}
            _ => {
                return Err(Failure::new(
                    Exit::Usage,
                    "--cert and --key go together: a certificate and its private key",
                ));
            }
        }
        Ok(Some(tls))
    }
}

impl Target {
    /// For completion, which has no parsed command line: what the unfinished one says, or else the environment.
    pub(super) fn unfinished(given: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let text = given("--grpc-endpoint").or_else(environment::endpoint);
        let args = ConnectArgs {
            endpoint: text.as_deref().unwrap_or(endpoint::DEFAULT).parse().ok()?,
            token: given("--token"),
            token_file: given("--token-file").map(PathBuf::from),
            token_in_clear: false,
            ca: given("--ca").map(PathBuf::from),
            cert: given("--cert").map(PathBuf::from),
            key: given("--key").map(PathBuf::from),
        };
        args.target().ok()
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    let problem =
        |problem: &dyn std::fmt::Display| Failure::new(Exit::Other, format!("{}: {problem}", file.display()));
    let size = std::fs::metadata(file).map_err(|e| problem(&e))?.len();
    if size > MAX_TOKEN_FILE {
        return Err(problem(&"is too large for a token"));
    }
    let text = std::fs::read_to_string(file).map_err(|e| problem(&e))?;
    match text.trim() {
        "" => Err(problem(&"is empty; a token was to be in it")),
        token => Ok(token.to_owned()),
    }
}

/// A file in PEM that has something of this kind.
fn read_pem(file: &Path, kind: &str) -> Result<Vec<u8>, Failure> {
    let wrong = |problem: String| Failure::new(Exit::Other, format!("{}: {problem}", file.display()));
    let text = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
    // Of keys there are several kinds: -----BEGIN EC PRIVATE KEY-----.
    let mark = format!("{kind}-----");
    match text.windows(mark.len()).any(|window| window == mark.as_bytes()) {
        true => Ok(text),
        false => Err(wrong(format!("there is no {} in it, in PEM", kind.to_lowercase()))),
    }
}

fn authorization(token: &str) -> Result<AsciiMetadataValue, Failure> {
    let is_token = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    let value = is_token.then(|| AsciiMetadataValue::try_from(format!("Bearer {token}")).ok()).flatten();
    let mut value = value.ok_or_else(|| {
        Failure::new(Exit::Usage, "what was given as a token is none: it is one word of ASCII characters")
    })?;
    value.set_sensitive(true);
    Ok(value)
}
