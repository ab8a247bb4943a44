//! Signatures, checked by ring, which TLS uses already: `jsonwebtoken`'s own providers would bring a second library of
//! cryptography.

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{ErrorKind, Result, new_error};
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::signature as ring;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: no_signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has `jsonwebtoken` use ring in this process.
pub(super) fn install() {
    // It is the only provider there is, so that who comes second installs the same.
    let _ = PROVIDER.install_default();
}

fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    Err(new_error(ErrorKind::UnsupportedAlgorithm))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let check = match algorithm {
        Algorithm::RS256 => Check::Rsa(&ring::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Check::Rsa(&ring::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Check::Rsa(&ring::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Check::Rsa(&ring::RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Check::Rsa(&ring::RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Check::Rsa(&ring::RSA_PSS_2048_8192_SHA512),
        // The two numbers one after the other (RFC 7518, section 3.4), not as ASN.1.
        Algorithm::ES256 => Check::Other(&ring::ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => Check::Other(&ring::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDSA => Check::Other(&ring::ED25519),
        _ => return Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    };
    let fits = match (&check, key.kind()) {
        (Check::Rsa(_), DecodingKeyKind::RsaModulusExponent { .. }) => true,
        (Check::Other(_), DecodingKeyKind::SecretOrDer(_)) => key.family() == algorithm.family(),
        _ => false,
    };
    match fits {
        true => Ok(Box::new(Checking { algorithm: *algorithm, check, key: key.clone() })),
        false => Err(new_error(ErrorKind::InvalidKeyFormat)),
    }
}

enum Check {
    Rsa(&'static ring::RsaParameters),
    Other(&'static dyn ring::VerificationAlgorithm),
}

struct Checking {
    algorithm: Algorithm,
    check: Check,
    key: DecodingKey,
}

impl JwtVerifier for Checking {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Checking {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        let checked = match (&self.check, self.key.kind()) {
            (Check::Rsa(parameters), DecodingKeyKind::RsaModulusExponent { n, e }) => {
                // Some providers write the sign that ASN.1 has, and ring takes none.
                let (n, e) = (without_zeros(n), without_zeros(e));
                ring::RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            (Check::Other(algorithm), DecodingKeyKind::SecretOrDer(key)) => {
                ring::UnparsedPublicKey::new(*algorithm, key).verify(message, signature)
            }
            _ => return Err(signature::Error::new()),
        };
        checked.map_err(|_| signature::Error::new())
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}
