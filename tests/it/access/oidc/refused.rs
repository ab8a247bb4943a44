//! Tokens that are right, and all that can be wrong with one.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ring::hmac;
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::Code;

use super::provider::{Provider, claims, encode, now};
use super::who;
use crate::access::closed;
use crate::process::Process;

/// A server that takes tokens of a provider, and what it logs.
struct Site {
    process: Process,
    log: Arc<Mutex<String>>,
    _dir: TempDir,
}

impl Site {
    fn start(provider: &Provider, more: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let (keys, config) = (dir.path().join("keys.json"), dir.path().join("server.toml"));
        std::fs::write(&keys, provider.jwks("")).unwrap();
        let source = format!("jwks_file = \"{}\"\n{more}", keys.display());
        std::fs::write(&config, Provider::settings(&source)).unwrap();
        let url = format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display());
        let (process, lines) = Process::start(&url, &["--config", config.to_str().unwrap()], &[]);
        let log = Arc::new(Mutex::new(String::new()));
        let kept = log.clone();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| *kept.lock().unwrap() += &format!("{line}\n"));
        });
        Self { process, log, _dir: dir }
    }

    fn logs(&self, text: &str) {
        let begun = Instant::now();
        while !self.log.lock().unwrap().contains(text) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{text:?}: {}", self.log.lock().unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_the_provider_says_who_calls() {
    let provider = Provider::new();
    let site = Site::start(&provider, "");
    let of = async |algorithm: &str, kid: &str, changed: Value| {
        who(site.process.grpc, &provider.token(algorithm, kid, &changed)).await.unwrap()
    };
    for (algorithm, kid) in [("RS256", "rsa"), ("PS256", "rsa"), ("ES256", "ec"), ("EdDSA", "ed")] {
        assert_eq!(of(algorithm, kid, json!({})).await, "oidc:ada viewer false jwt", "{algorithm}");
    }
    assert_eq!(of("EdDSA", "ed", json!({ "groups": "hands" })).await, "oidc:ada operator false jwt");
    let several = json!({ "groups": ["keepers", "hands", "eyes"], "sub": "Jörg M." });
    assert_eq!(of("EdDSA", "ed", several).await, "oidc:Jörg M. operator true jwt");
    assert_eq!(of("ES256", "ec", json!({ "groups": ["heads"] })).await, "oidc:ada admin true jwt");
    // A minute's difference of clocks is none.
    let near = json!({ "exp": now() - 20, "nbf": now() + 20 });
    assert_eq!(of("ES256", "ec", near).await, "oidc:ada viewer false jwt");
    let unnamed = provider.signed(&json!({ "alg": "ES256" }), &claims(&json!({})).to_string());
    assert_eq!(who(site.process.grpc, &unnamed).await.unwrap(), "oidc:ada viewer false jwt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_of_other_names_are_read() {
    let provider = Provider::new();
    let more = "name_claim = \"email\"\nrole_claim = \"realm_access.roles\"\n";
    let site = Site::start(&provider, more);
    let changed = json!({ "email": "ada@example.org", "realm_access": { "roles": ["hands"] } });
    let told = who(site.process.grpc, &provider.token("EdDSA", "ed", &changed)).await.unwrap();
    assert_eq!(told, "oidc:ada@example.org operator false jwt");
}

/// What is wrong, the token, what its holder is told, and what the log has.
type Case = (&'static str, String, Code, &'static str, &'static str);

fn wrong(provider: &Provider) -> Vec<Case> {
    let of = |changed: Value| provider.token("ES256", "ec", &changed);
    let head = |header: Value| provider.signed(&header, &claims(&json!({})).to_string());
    let right = of(json!({}));
    let (content, signature) = right.rsplit_once('.').unwrap();
    let none = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(claims(&json!({})).to_string()));
    let hmac = {
        let header = encode(r#"{"alg":"HS256","kid":"rsa"}"#);
        let message = format!("{header}.{}", encode(claims(&json!({})).to_string()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, &provider.as_secret());
        format!("{message}.{}", encode(hmac::sign(&key, message.as_bytes())))
    };
    let other = claims(&json!({ "groups": ["heads"] })).to_string();
    let changed = format!("{}.{}.{signature}", content.split('.').next().unwrap(), encode(other));
    let stranger = Provider::new();
    let unauthenticated = [
        (
            "not signed",
            none,
            "the token has a header that can not be used; this server takes RS256, PS256, ES256, EdDSA",
            "`none`",
        ),
        (
            "signed with what everybody knows",
            hmac,
            "the token is signed with HS256; this server takes RS256, PS256, ES256, EdDSA",
            "not in management.oidc.algorithms",
        ),
        (
            "an algorithm that is not taken",
            provider.token("RS512", "rsa", &json!({})),
            "the token is signed with RS512; this server takes RS256, PS256, ES256, EdDSA",
            "not in management.oidc.algorithms",
        ),
        (
            "another issuer",
            of(json!({ "iss": "https://evil.example.org" })),
            "the token is of another issuer than the one whose tokens this server takes",
            "iss: \\\"https://evil.example.org\\\"",
        ),
        (
            "another audience",
            of(json!({ "aud": "wiki" })),
            "the token is for others than this server (its audience)",
            "aud: \\\"wiki\\\"",
        ),
        (
            "no audience",
            of(json!({ "aud": null })),
            "the token has no claim aud that can be read",
            "aud: absent",
        ),
        (
            "expired",
            of(json!({ "exp": 1_000_000_000 })),
            "the token has expired; get a new one from the identity provider",
            "exp: 1000000000",
        ),
        (
            "without end",
            of(json!({ "exp": null })),
            "the token has no claim exp that can be read",
            "exp: absent",
        ),
        (
            "not yet",
            of(json!({ "nbf": 40_000_000_000_i64 })),
            "the token is not valid yet; are the clocks right?",
            "nbf: 40000000000",
        ),
        (
            "a key of somebody else",
            stranger.token("ES256", "theirs", &json!({})),
            "the token is signed with a key that the identity provider does not publish",
            "kid Some(\\\"theirs\\\"), alg ES256, known keys: rsa, ec, ed",
        ),
        (
            "a key of somebody else under a name of ours",
            stranger.token("ES256", "ec", &json!({})),
            "the token's signature is wrong",
            "not signed by that key",
        ),
        (
            "a key for encryption",
            provider.token("RS256", "for-encryption", &json!({})),
            "the token is signed with a key that the identity provider does not publish",
            "kid Some(\\\"for-encryption\\\")",
        ),
        (
            "a key of another kind",
            provider.token("RS256", "ec", &json!({})),
            "the token is signed in another way than the key is for",
            "kid Some(\\\"ec\\\"), alg RS256",
        ),
        ("changed", changed, "the token's signature is wrong", "not signed by that key"),
        (
            "no claims at all",
            provider.signed(&json!({ "alg": "ES256", "kid": "ec" }), "hello"),
            "the token is damaged: it can not be read",
            "JSON error",
        ),
        ("damaged", format!("x{right}"), "the token has a header that can not be used", "header: "),
        (
            "critical headers",
            head(json!({ "alg": "ES256", "kid": "ec", "crit": ["b64"], "b64": false })),
            "the token has critical headers that this server does not know",
            "crit: [\\\"b64\\\"]",
        ),
        ("nobody's", of(json!({ "sub": null })), "the token names nobody", "it has no claim sub"),
        (
            "a name of two lines",
            of(json!({ "sub": "a\nb" })),
            "the token names nobody",
            "claim sub is no name",
        ),
        ("a name that is none", of(json!({ "sub": 5 })), "the token names nobody", "is no text"),
    ];
    let mut cases: Vec<Case> = unauthenticated
        .into_iter()
        .map(|(what, token, told, logged)| (what, token, Code::Unauthenticated, told, logged))
        .collect();
    let no_role = "oidc:ada has no role here: no value of the claim groups is in management.oidc.roles";
    for groups in [json!(["staff"]), Value::Null, json!({ "eyes": true })] {
        cases.push(("no role", of(json!({ "groups": groups })), Code::PermissionDenied, no_role, no_role));
    }
    cases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told_in_short_and_logged_in_full() {
    let provider = Provider::new();
    let cases = wrong(&provider);
    // Each server answers so many wrong ones one by one.
    for cases in cases.chunks(9) {
        let site = Site::start(&provider, "");
        for (what, token, expected, told, logged) in cases {
            let (code, message) = who(site.process.grpc, token).await.unwrap_err();
            assert_eq!(code, *expected, "{what}: {message}");
            assert!(message.starts_with(told), "{what}: {message}");
            assert!(!message.contains("evil") && !message.contains("1000000000"), "{what}: {message}");
            site.logs(logged);
        }
        assert!(!site.log.lock().unwrap().contains("panicked"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_tokens_are_bounded_and_right_ones_go_on() {
    let provider = Provider::new();
    let site = Site::start(&provider, "");
    let wrong = provider.token("ES256", "ec", &json!({ "aud": "wiki" }));
    let mut codes = Vec::new();
    for _ in 0..12 {
        codes.push(who(site.process.grpc, &wrong).await.unwrap_err().0);
    }
    assert_eq!(codes[..10], [Code::Unauthenticated; 10]);
    assert!(codes.contains(&Code::ResourceExhausted), "{codes:?}");
    assert!(who(site.process.grpc, &provider.token("ES256", "ec", &json!({}))).await.is_ok());
}

#[tokio::test]
async fn where_no_provider_is_set_its_tokens_are_worth_nothing() {
    let (app, _) = closed(&[]).await;
    let token = Provider::new().token("ES256", "ec", &json!({}));
    let (code, told) = who(app.grpc, &token).await.unwrap_err();
    assert_eq!(code, Code::Unauthenticated);
    assert!(told.contains("a JWT") && told.contains("management.oidc is not set"), "{told}");
}
