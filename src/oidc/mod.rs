//! Tokens of the site's identity provider: OpenID Connect (JWT, RFC 7519), held against the keys that it publishes.
//!
//! `jsonwebtoken` reads tokens and checks their claims; the signatures are checked by ring ([`provider`]). [`follow`] keeps
//! the keys level with what the provider publishes, and keeps those that are known while it is away.

mod claims;
mod fetch;
mod follow;
mod keys;
mod provider;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jsonwebtoken::Algorithm;

use crate::domain::Role;
use follow::Asking;
use keys::Keys;

pub use fetch::check_ca;
pub use verify::looks_like_one;

/// The algorithms that a token may be signed with: by a private key, never by a secret that this server would have to
/// share (`HS256`), and never not at all (`none`).
pub const ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

/// What is taken of whom.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who makes the tokens, as their `iss` says.
    pub issuer: String,
    /// For whom they have to be, as their `aud` says.
    pub audience: String,
    /// Where the keys are.
    pub source: Source,
    /// How often keys of a URL are read anew.
    pub refresh: Duration,
    /// Names of [`ALGORITHMS`] that are taken.
    pub algorithms: Vec<String>,
    /// The claim that is the caller's name.
    pub name_claim: String,
    /// The claim that says what the caller may do.
    pub role_claim: String,
    /// What its values are worth.
    pub grants: Vec<Grant>,
    /// How much the clocks may differ.
    pub leeway: Duration,
}

/// Where the keys are.
#[derive(Clone, Debug)]
pub enum Source {
    /// In a file.
    File(PathBuf),
    /// At a URL.
    Url {
        /// Which.
        url: String,
        /// The CAs that its certificate may be of; `None` for those that browsers trust.
        ca: Option<PathBuf>,
    },
    /// Where the issuer says that they are (OpenID Connect Discovery 1.0, section 4).
    Discovered {
        /// As with a URL.
        ca: Option<PathBuf>,
    },
}

/// What one value of the claim is worth.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The value.
    pub value: String,
    /// What who has it may do.
    pub role: Role,
    /// Whether he may read secrets.
    pub secrets: bool,
}

/// Whom a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// His name, with [`PREFIX`].
    pub name: String,
    /// What he may do; `None` where no value of the claim is worth anything.
    pub role: Option<Role>,
    /// Whether he may read secrets.
    pub secrets: bool,
}

/// What names begin with that the provider gives, so that nobody there is taken for the holder of a token of ours.
pub const PREFIX: &str = "oidc:";

/// Knows the tokens of one provider.
pub struct Oidc {
    settings: Settings,
    algorithms: Vec<Algorithm>,
    keys: ArcSwapOption<Keys>,
    asking: Asking,
}

/// Why tokens can not be known.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct OidcError {
    /// The setting that is wrong.
    pub key: &'static str,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl Oidc {
    /// With the keys of a file; those of a URL follow once [`Oidc::follow`] runs, since it may be away.
    ///
    /// # Errors
    /// For a file that can not be used, and for an algorithm that is none of [`ALGORITHMS`].
    pub fn new(settings: Settings) -> Result<Arc<Self>, OidcError> {
        provider::install();
        let algorithms = settings.algorithms.iter().map(|name| algorithm(name)).collect::<Result<_, _>>()?;
        let keys = match &settings.source {
            Source::File(file) => {
                let wrong = |problem| OidcError { key: "management.oidc.jwks_file", problem };
                Some(Arc::new(fetch::of_file(file).map_err(wrong)?))
            }
            Source::Url { .. } | Source::Discovered { .. } => None,
        };
        let (keys, asking) = (ArcSwapOption::new(keys), Asking::default());
        Ok(Arc::new(Self { settings, algorithms, keys, asking }))
    }

    /// The claim that says what a caller may do.
    pub fn role_claim(&self) -> &str {
        &self.settings.role_claim
    }
}

fn algorithm(name: &str) -> Result<Algorithm, OidcError> {
    let known = ALGORITHMS.contains(&name).then(|| name.parse().ok()).flatten();
    known.ok_or_else(|| {
        let problem = format!("{name:?} is none of {}", ALGORITHMS.join(", "));
        OidcError { key: "management.oidc.algorithms", problem }
    })
}
