//! An identity provider: its keys, its tokens, and a web server that publishes them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};

pub(super) const ISSUER: &str = "https://id.example.org/realms/site";
pub(super) const AUDIENCE: &str = "pxe-init";

/// A provider with a key of each kind, named `rsa`, `ec` and `ed`.
pub(in super::super) struct Provider {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    ed: Ed25519KeyPair,
    random: SystemRandom,
}

/// What a web server answers; nothing for one that is away.
pub(super) struct Published {
    pub(super) address: SocketAddr,
    pub(super) asked: Arc<AtomicUsize>,
    says: Arc<Mutex<Option<String>>>,
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(super) fn now() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the server in its own process has this clock too")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs().try_into().unwrap()
}

impl Provider {
    pub(in super::super) fn new() -> Self {
        let random = SystemRandom::new();
        // ring makes no RSA keys. This one is in no other use.
        let rsa = PrivatePkcs8KeyDer::from_pem_slice(include_bytes!("rsa-for-tests-only.pem")).unwrap();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let ec = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        Self {
            rsa: RsaKeyPair::from_pkcs8(rsa.secret_pkcs8_der()).unwrap(),
            ec: EcdsaKeyPair::from_pkcs8(algorithm, ec.as_ref(), &random).unwrap(),
            ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap(),
            random,
        }
    }

    /// Its keys, their names with `suffix`, among some that are of no use.
    pub(in super::super) fn jwks(&self, suffix: &str) -> String {
        let point = self.ec.public_key().as_ref();
        let rsa: RsaPublicKeyComponents<Vec<u8>> = self.rsa.public().into();
        // As some write it: with the sign that ASN.1 has.
        let (n, e) = ([&[0], rsa.n.as_slice()].concat(), rsa.e);
        json!({ "keys": [
            { "kty": "oct", "kid": "secret", "k": encode("shared"), "alg": "HS256" },
            { "kty": "lattice", "kid": "future" },
            { "kty": "RSA", "use": "enc", "kid": "for-encryption", "n": encode(&n), "e": encode(&e) },
            { "kty": "RSA", "use": "sig", "kid": format!("rsa{suffix}"), "n": encode(&n), "e": encode(&e) },
            { "kty": "EC", "crv": "P-256", "kid": format!("ec{suffix}"), "alg": "ES256",
              "x": encode(&point[1..33]), "y": encode(&point[33..]) },
            { "kty": "OKP", "crv": "Ed25519", "kid": format!("ed{suffix}"),
              "x": encode(self.ed.public_key().as_ref()) },
        ] })
        .to_string()
    }

    /// The public key that everybody has, as the bytes of a shared secret.
    pub(super) fn as_secret(&self) -> Vec<u8> {
        RsaPublicKeyComponents::<Vec<u8>>::from(self.rsa.public()).n
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let mut rsa = vec![0; self.rsa.public().modulus_len()];
        match algorithm {
            "RS256" => self.rsa.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut rsa).unwrap(),
            "RS512" => self.rsa.sign(&RSA_PKCS1_SHA512, &self.random, message, &mut rsa).unwrap(),
            "PS256" => self.rsa.sign(&RSA_PSS_SHA256, &self.random, message, &mut rsa).unwrap(),
            "ES256" => return self.ec.sign(&self.random, message).unwrap().as_ref().to_vec(),
            "EdDSA" => return self.ed.sign(message).as_ref().to_vec(),
            other => panic!("{other}"),
        }
        rsa
    }

    /// A token with this head and this content.
    pub(super) fn signed(&self, header: &Value, content: &str) -> String {
        let message = format!("{}.{}", encode(header.to_string()), encode(content));
        let signature = self.sign(header["alg"].as_str().unwrap(), message.as_bytes());
        format!("{message}.{}", encode(signature))
    }

    /// A token that is right, but for what `changed` says: null removes a claim.
    pub(in super::super) fn token(&self, algorithm: &str, kid: &str, changed: &Value) -> String {
        self.signed(&json!({ "alg": algorithm, "kid": kid, "typ": "JWT" }), &claims(changed).to_string())
    }

    /// The settings of a server that takes its tokens, of which `source` says where its keys are.
    pub(in super::super) fn settings(source: &str) -> String {
        format!(
            "[management]\nanonymous = \"never\"\n\n[management.oidc]\nissuer = \"{ISSUER}\"\naudience = \"{AUDIENCE}\"\n\
             {source}\nroles = [\n    {{ value = \"eyes\", role = \"viewer\" }},\n    {{ value = \"hands\", role = \
             \"operator\" }},\n    {{ value = \"heads\", role = \"admin\" }},\n    {{ value = \"keepers\", role = \
             \"viewer\", secrets = true }},\n]\n"
        )
    }
}

/// The claims of a token that is right, but for what `changed` says.
pub(super) fn claims(changed: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": ["other", AUDIENCE], "sub": "ada", "groups": ["staff", "eyes"],
        "iat": now(), "exp": now() + 300,
    });
    for (name, value) in changed.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

impl Published {
    /// Answers whatever it is asked for with this, as one web server does.
    pub(super) fn new(text: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let published = Self {
            address: listener.local_addr().unwrap(),
            asked: Arc::default(),
            says: Arc::new(Mutex::new(Some(text))),
        };
        let (asked, says) = (published.asked.clone(), published.says.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4096]);
                asked.fetch_add(1, Ordering::SeqCst);
                let answer = match &*says.lock().unwrap() {
                    Some(text) => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len()),
                    None => "HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n".to_owned(),
                };
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        published
    }

    pub(super) fn say(&self, text: Option<String>) {
        *self.says.lock().unwrap() = text;
    }
}
