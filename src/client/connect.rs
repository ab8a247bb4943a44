//! Where the server is, and what proves to it who calls.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use tonic::metadata::AsciiMetadataValue;

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
        help = "The server's gRPC port: grpc://HOST[:PORT] or http://HOST[:PORT]",
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
}

/// A server, and what is sent to it.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) endpoint: Endpoint,
    /// The authorization header.
    pub(super) authorization: Option<AsciiMetadataValue>,
}

impl ConnectArgs {
    /// What these options and the environment come to.
    pub(super) fn target(&self) -> Result<Target, Failure> {
        let token = self.token()?;
        let (endpoint, in_clear) = (self.endpoint.clone(), self.token_in_clear);
        if token.is_some() && !endpoint.is_local() && !in_clear {
            let problem = format!(
                "{endpoint} is another host and there is no TLS, so that others could read the token"
            );
            return Err(Failure::new(Exit::Usage, problem).hint(
                "--token-in-clear sends it all the same, over a network where only the right people are",
            ));
        }
        let authorization = token.as_deref().map(authorization).transpose()?;
        Ok(Target { endpoint, authorization })
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

impl Target {
    /// For completion, which has no parsed command line: what the unfinished one says, or else the environment.
    pub(super) fn unfinished(given: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let text = given("--grpc-endpoint").or_else(environment::endpoint);
        let args = ConnectArgs {
            endpoint: text.as_deref().unwrap_or(endpoint::DEFAULT).parse().ok()?,
            token: given("--token"),
            token_file: given("--token-file").map(PathBuf::from),
            token_in_clear: false,
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

fn authorization(token: &str) -> Result<AsciiMetadataValue, Failure> {
    let is_token = !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
    let value = is_token.then(|| AsciiMetadataValue::try_from(format!("Bearer {token}")).ok()).flatten();
    let mut value = value.ok_or_else(|| {
        Failure::new(Exit::Usage, "what was given as a token is none: it is one word of ASCII characters")
    })?;
    value.set_sensitive(true);
    Ok(value)
}
