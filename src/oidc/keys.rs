//! The keys that the provider publishes (JWK set, RFC 7517).

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// The most keys of a set: providers have a handful.
const MOST: usize = 100;

/// Keys that signatures can be checked with.
#[derive(Debug)]
pub(super) struct Keys(Vec<Key>);

/// One of them.
#[derive(Debug)]
pub(super) struct Key {
    kid: Option<String>,
    /// What signatures it can check.
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) decoding: DecodingKey,
}

/// Why there is no key for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// None has this name; one may have been published since.
    Unknown,
    /// None with this name checks signatures of this algorithm.
    OtherAlgorithm,
    /// The token names none, and several would do.
    Unnamed,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl Keys {
    /// Reads a set. Keys of a kind that is not known here are passed over (RFC 7517, section 5).
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        let set: Set = serde_json::from_slice(text).map_err(|e| format!("is no JWK set: {e}"))?;
        if set.keys.len() > MOST {
            return Err(format!("has {} keys, and may have {MOST}", set.keys.len()));
        }
        let keys: Vec<Key> = set.keys.into_iter().filter_map(Key::read).collect();
        if keys.is_empty() {
            return Err(
                "has no key that signatures can be checked with: RSA, EC (P-256, P-384) or OKP (Ed25519), \
                        not for encryption"
                    .to_owned(),
            );
        }
        Ok(Self(keys))
    }

    /// The key that a token of this header was signed with.
    pub(super) fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<&Key, NoKey> {
        let named = |key: &&Key| kid.is_none() || key.kid.as_deref() == kid;
        let mut fitting = self.0.iter().filter(named).filter(|key| key.algorithms.contains(&algorithm));
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok(key),
            // Names need not be unique among kinds of keys (RFC 7517, section 4.5), but within one kind.
            (Some(_), Some(_)) => Err(NoKey::Unnamed),
            (None, _) if self.0.iter().any(|key| named(&key)) => Err(NoKey::OtherAlgorithm),
            (None, _) => Err(NoKey::Unknown),
        }
    }

    /// How they are called.
    pub(super) fn names(&self) -> String {
        let names: Vec<_> = self.0.iter().map(|key| key.kid.as_deref().unwrap_or("(no name)")).collect();
        names.join(", ")
    }
}

impl Key {
    fn read(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        if jwk.common.public_key_use.as_ref().is_some_and(|it| *it != PublicKeyUse::Signature) {
            return None;
        }
        let mut algorithms = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => vec![
                Algorithm::RS256,
                Algorithm::RS384,
                Algorithm::RS512,
                Algorithm::PS256,
                Algorithm::PS384,
                Algorithm::PS512,
            ],
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                vec![Algorithm::ES256]
            }
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => {
                vec![Algorithm::ES384]
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                vec![Algorithm::EdDSA]
            }
            // A shared secret among them: who publishes it could not keep it.
            _ => return None,
        };
        if let Some(only) = jwk.common.key_algorithm {
            algorithms.retain(|algorithm| only == (*algorithm).into());
        }
        let decoding = DecodingKey::from_jwk(&jwk).ok()?;
        (!algorithms.is_empty()).then_some(Self { kid: jwk.common.key_id, algorithms, decoding })
    }
}
