//! Whether a token is worth anything: what is wrong with one is told to its holder in short, and to the log in full.

use std::sync::Arc;

use jsonwebtoken::errors::{Error as JwtError, ErrorKind};
use jsonwebtoken::{Algorithm, Header, Validation, dangerous, decode, decode_header};
use serde_json::Value;

use super::claims::{Claims, holder};
use super::keys::{Key, Keys, NoKey};
use super::{Oidc, Verified};
use crate::error::{Code, Error};

/// Whether this has the shape of a JWT: three parts with dots between (RFC 7519, section 3).
pub fn looks_like_one(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 2
}

impl Oidc {
    /// Whom a token is for.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for one that is worth nothing, `UNAVAILABLE` while no keys are known.
    pub fn verify(&self, token: &str) -> Result<Verified, Error> {
        let header = self.header(token)?;
        let keys = self.keys.load_full().ok_or_else(|| {
            let problem = "the keys of the identity provider are not known yet; try again, or use a token of this \
                           server or a client certificate";
            Error::new(Code::Unavailable, problem)
        })?;
        let key = self.key(&keys, &header)?;
        let claims = decode::<Claims>(token, &key.decoding, &self.validation(key))
            .map_err(|error| self.refused(&error, token))?
            .claims;
        holder(&claims, &self.settings).map_err(|problem| refused("the token names nobody", problem))
    }

    /// Whether a token is signed with a key that is not known, and may be by now.
    pub fn lacks_key(&self, token: &str) -> bool {
        let Ok(header) = self.header(token) else { return false };
        let Some(keys) = self.keys.load_full() else { return true };
        matches!(keys.find(header.kid.as_deref(), header.alg), Err(NoKey::Unknown))
    }

    /// The head of a token that may have been signed as it says.
    fn header(&self, token: &str) -> Result<Header, Error> {
        let taken = || {
            let names: Vec<_> = self.algorithms.iter().map(|algorithm| format!("{algorithm:?}")).collect();
            names.join(", ")
        };
        let header = decode_header(token).map_err(|error| {
            let told = format!("the token has a header that can not be used; this server takes {}", taken());
            refused(&told, format!("header: {error}"))
        })?;
        if !self.algorithms.contains(&header.alg) {
            let told = format!("the token is signed with {:?}; this server takes {}", header.alg, taken());
            return Err(refused(&told, "not in management.oidc.algorithms"));
        }
        // Who does not know what is critical has to refuse (RFC 7515, section 4.1.11).
        if let Some(critical) = &header.crit {
            let told = "the token has critical headers that this server does not know";
            return Err(refused(told, format!("crit: {critical:?}")));
        }
        Ok(header)
    }

    fn key<'a>(&self, keys: &'a Arc<Keys>, header: &Header) -> Result<&'a Key, Error> {
        let kid = header.kid.as_deref();
        keys.find(kid, header.alg).map_err(|problem| {
            let told = match problem {
                NoKey::Unknown => {
                    "the token is signed with a key that the identity provider does not publish"
                }
                NoKey::OtherAlgorithm => "the token is signed in another way than the key is for",
                NoKey::Unnamed => "the token does not say with which key it is signed (kid)",
            };
            let known = keys.names();
            refused(told, format!("kid {kid:?}, alg {:?}, known keys: {known}", header.alg))
        })
    }

    /// What is checked beside the signature: the end, the beginning, who made it, for whom.
    fn validation(&self, key: &Key) -> Validation {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.algorithms = key.algorithms.clone();
        validation.algorithms.retain(|algorithm| self.algorithms.contains(algorithm));
        validation.leeway = self.settings.leeway.as_secs();
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation
    }

    fn refused(&self, error: &JwtError, token: &str) -> Error {
        // Read only to say what is wrong: claims are looked at once the signature was found to be right.
        let claims: Claims = dangerous::insecure_decode_claims(token).unwrap_or_default();
        let of = |name: &str| claims.get(name).map_or_else(|| "absent".to_owned(), Value::to_string);
        match error.kind() {
            ErrorKind::InvalidSignature => {
                refused("the token's signature is wrong", "not signed by that key")
            }
            ErrorKind::ExpiredSignature => refused(
                "the token has expired; get a new one from the identity provider",
                format!("exp: {}", of("exp")),
            ),
            ErrorKind::ImmatureSignature => {
                refused("the token is not valid yet; are the clocks right?", format!("nbf: {}", of("nbf")))
            }
            ErrorKind::InvalidIssuer => refused(
                "the token is of another issuer than the one whose tokens this server takes",
                format!("iss: {}, management.oidc.issuer: {:?}", of("iss"), self.settings.issuer),
            ),
            ErrorKind::InvalidAudience => refused(
                "the token is for others than this server (its audience)",
                format!("aud: {}, management.oidc.audience: {:?}", of("aud"), self.settings.audience),
            ),
            ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => refused(
                &format!("the token has no claim {claim} that can be read"),
                format!("{claim}: {}", of(claim)),
            ),
            _ => refused("the token is damaged: it can not be read", error.to_string()),
        }
    }
}

/// For the caller, and for the log.
fn refused(told: &str, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Code::Unauthenticated, told).caused_by(cause)
}
