//! Keys that change, and providers that are away.

use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use tonic::Code;

use super::provider::{ISSUER, Provider, Published};
use super::who;
use crate::app::TestApp;

async fn site(settings: &str) -> TestApp {
    let dir = TempDir::new().unwrap();
    let config = dir.path().join("server.toml");
    std::fs::write(&config, settings).unwrap();
    TestApp::in_dir(dir, &[("config", config.to_str().unwrap())]).await
}

/// Waits until this token is worth something, or nothing any more.
async fn until(app: &TestApp, token: &str, right: bool) {
    let begun = Instant::now();
    while who(app.grpc, token).await.is_ok() != right {
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", who(app.grpc, token).await);
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_changes_is_read_and_one_that_is_broken_is_not() {
    let (old, new, dir) = (Provider::new(), Provider::new(), TempDir::new().unwrap());
    let keys = dir.path().join("keys.json");
    std::fs::write(&keys, old.jwks("-1")).unwrap();
    let app = site(&Provider::settings(&format!("jwks_file = \"{}\"", keys.display()))).await;
    let [first, second] =
        [(&old, "ec-1"), (&new, "ec-2")].map(|(of, kid)| of.token("ES256", kid, &json!({})));
    assert!(who(app.grpc, &first).await.is_ok());
    assert_eq!(who(app.grpc, &second).await.unwrap_err().0, Code::Unauthenticated);
    std::fs::write(&keys, "{ half").unwrap();
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert!(who(app.grpc, &first).await.is_ok(), "the keys before are in force");
    std::fs::write(&keys, new.jwks("-2")).unwrap();
    until(&app, &second, true).await;
    assert!(who(app.grpc, &first).await.is_err(), "the provider took it back");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_is_fetched_when_it_is_needed_and_not_more_often_than_that() {
    let (old, new) = (Provider::new(), Provider::new());
    let published = Published::new(old.jwks("-1"));
    let source = format!("jwks_url = \"http://{}/keys\"\nrefresh_seconds = 86400", published.address);
    let app = site(&Provider::settings(&source)).await;
    let [first, second, third] =
        [(&old, "ec-1"), (&new, "ec-2"), (&new, "ec-3")].map(|(of, kid)| of.token("ES256", kid, &json!({})));
    until(&app, &first, true).await;
    published.say(Some(new.jwks("-2")));
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(who(app.grpc, &second).await.is_ok(), "at once");
    let asked = published.asked.load(Ordering::SeqCst);
    for _ in 0..5 {
        assert_eq!(who(app.grpc, &third).await.unwrap_err().0, Code::Unauthenticated);
    }
    assert!(published.asked.load(Ordering::SeqCst) <= asked + 1, "who makes names up does not steer us");

    // Away: what is known stays.
    published.say(None);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(who(app.grpc, &third).await.is_err());
    assert!(published.asked.load(Ordering::SeqCst) > asked);
    assert!(who(app.grpc, &second).await.is_ok());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_is_away_at_the_start_is_waited_for() {
    let provider = Provider::new();
    let published = Published::new(String::new());
    published.say(None);
    let source = format!("jwks_url = \"http://{}/keys\"\nrefresh_seconds = 1", published.address);
    let app = site(&Provider::settings(&source)).await;
    let token = provider.token("EdDSA", "ed", &json!({}));
    let (code, told) = who(app.grpc, &token).await.unwrap_err();
    assert_eq!(code, Code::Unavailable, "{told}");
    assert!(told.contains("are not known yet"), "{told}");
    published.say(Some(provider.jwks("")));
    until(&app, &token, true).await;
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_issuer_says_where_its_keys_are() {
    let provider = Provider::new();
    let keys = Published::new(provider.jwks(""));
    let description = Published::new(String::new());
    let issuer = format!("http://{}/site", description.address);
    let describe = |issuer: &str| {
        json!({ "issuer": issuer, "jwks_uri": format!("http://{}/keys", keys.address) }).to_string()
    };
    description.say(Some(describe("http://somebody.else.example.org")));
    let app = site(&Provider::settings("refresh_seconds = 1").replace(ISSUER, &issuer)).await;
    let token = provider.token("EdDSA", "ed", &json!({ "iss": issuer }));
    assert_eq!(who(app.grpc, &token).await.unwrap_err().0, Code::Unavailable, "it is of another issuer");
    description.say(Some(describe(&issuer)));
    until(&app, &token, true).await;
    app.stop().await;
}

/// Through TLS, with a CA of the site and with none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_come_through_tls_of_a_ca_that_is_trusted() {
    let (provider, dir) = (Provider::new(), TempDir::new().unwrap());
    let certs = dir.path().join("certs");
    let made = Command::new(env!("CARGO_BIN_EXE_pxe-init-server"))
        .env_clear()
        .args(["certs", "init", "--host", "localhost", "--dir", certs.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    // Another server of ours serves the file over HTTPS.
    let assets = dir.path().join("assets");
    std::fs::create_dir(&assets).unwrap();
    std::fs::write(assets.join("keys.json"), provider.jwks("")).unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let file = |name: &str| certs.join(name).to_str().unwrap().to_owned();
    let (cert, key, ca) = (file("server.pem"), file("server.key"), file("ca.pem"));
    let web = TestApp::with(&[
        ("assets.dir", assets.to_str().unwrap()),
        ("http.tls.port", &port),
        ("http.tls.cert", &cert),
        ("http.tls.key", &key),
    ])
    .await;
    let source = format!("jwks_url = \"https://localhost:{port}/assets/keys.json\"\nrefresh_seconds = 1\n");
    let trusting = site(&Provider::settings(&format!("{source}ca_file = \"{ca}\""))).await;
    let strange = site(&Provider::settings(&source)).await;
    let token = provider.token("EdDSA", "ed", &json!({}));
    until(&trusting, &token, true).await;
    assert_eq!(who(strange.grpc, &token).await.unwrap_err().0, Code::Unavailable);
    for app in [trusting, strange, web] {
        app.stop().await;
    }
}
