//! TLS to Postgres: each mode against a server that offers it, insists on it, or does not, and certificates that are wrong.

mod cluster;

use std::path::Path;

use pxe_init::store::{Options, Store, StoreError};

use super::samples::{AT, actor, image, put};
use cluster::{Authority, Cluster};
use pxe_init::domain::Change;

const MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// Everybody, with TLS or without; only with; only without; only with a certificate.
const ANY: &str = "host all all all trust";
const ONLY_TLS: &str = "hostssl all all all trust\nhostnossl all all all reject";
const ONLY_PLAIN: &str = "hostnossl all all all trust\nhostssl all all all reject";
const ONLY_KNOWN: &str = "hostssl all all all trust clientcert=verify-ca\nhostnossl all all all reject";

/// How the connection came about: `tls` or `plain`, or why not.
async fn connect(cluster: &Cluster, parameters: &str) -> Result<&'static str, String> {
    let url = format!("{}?{parameters}", cluster.url);
    let options = Options { acquire_timeout: std::time::Duration::from_secs(5), ..Options::new(&url) };
    let store = Store::connect(&options).await.map_err(|error| match error {
        StoreError::Refused { .. } => error.to_string(),
        other => panic!("{parameters}: {other:?}"),
    })?;
    let found = cluster.protection().await;
    store.close().await;
    Ok(found)
}

fn file(path: &Path) -> String {
    path.display().to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mode_does_what_libpq_does() {
    let Some(cluster) = Cluster::start("each_mode_does_what_libpq_does") else { return };
    let root = format!("sslrootcert={}", file(&cluster.root));
    // What the modes come to, in their order. The root certificate is given to those that take it.
    let modes = async |names: [Result<&str, &str>; 6]| {
        for (mode, expected) in MODES.into_iter().zip(names) {
            let root = if mode.starts_with("verify") { format!("&{root}") } else { String::new() };
            let found = connect(&cluster, &format!("sslmode={mode}{root}")).await;
            match (expected, found) {
                (Ok(expected), Ok(found)) => assert_eq!(found, expected, "{mode}"),
                (Err(expected), Err(found)) => assert!(found.contains(expected), "{mode}: {found}"),
                (expected, found) => panic!("{mode}: {expected:?}, and not {found:?}"),
            }
        }
    };
    // Without TLS.
    let none = "the server has no TLS; switch it on there";
    modes([Ok("plain"), Ok("plain"), Ok("plain"), Err(none), Err(none), Err(none)]).await;
    cluster.offer(&cluster.good, ANY).await;
    modes([Ok("plain"), Ok("plain"), Ok("tls"), Ok("tls"), Ok("tls"), Ok("tls")]).await;
    cluster.offer(&cluster.good, ONLY_TLS).await;
    let refused = "it refused the user or password";
    modes([Err(refused), Ok("tls"), Ok("tls"), Ok("tls"), Ok("tls"), Ok("tls")]).await;
    cluster.offer(&cluster.good, ONLY_PLAIN).await;
    modes([Ok("plain"), Ok("plain"), Ok("plain"), Err(refused), Err(refused), Err(refused)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_certificate_is_refused_where_one_is_looked_at() {
    let Some(cluster) = Cluster::start("a_wrong_certificate_is_refused_where_one_is_looked_at") else {
        return;
    };
    let stranger = Authority::new();
    let other_root = cluster.dir.path().join("other.crt");
    std::fs::write(&other_root, stranger.pem()).unwrap();
    let with = |mode: &str, root: &Path| format!("sslmode={mode}&sslrootcert={}", file(root));
    let root = &cluster.root;

    cluster.offer(&cluster.good, ANY).await;
    // With a root certificate, `require` is `verify-ca`.
    for mode in ["require", "verify-ca", "verify-full"] {
        let error = connect(&cluster, &with(mode, &other_root)).await.unwrap_err();
        assert!(
            error.contains(&format!("no CA in {} signed the server's certificate", file(&other_root))),
            "{error}"
        );
        assert!(error.contains("127.0.0.1:"), "{error}");
        assert_eq!(connect(&cluster, &with(mode, root)).await, Ok("tls"));
    }
    let error = connect(&cluster, "sslmode=verify-full&sslrootcert=system").await.unwrap_err();
    assert!(error.contains("no CA in system signed the server's certificate"), "{error}");
    assert_eq!(connect(&cluster, &with("prefer", &other_root)).await, Ok("tls"), "prefer looks at nothing");

    cluster.offer(&cluster.of_another_host, ANY).await;
    assert_eq!(connect(&cluster, &with("verify-ca", root)).await, Ok("tls"));
    let error = connect(&cluster, &with("verify-full", root)).await.unwrap_err();
    assert!(
        error.contains("sslmode=verify-full: the server's certificate does not name 127.0.0.1"),
        "{error}"
    );

    cluster.offer(&cluster.expired, ANY).await;
    for mode in ["verify-ca", "verify-full"] {
        let error = connect(&cluster, &with(mode, root)).await.unwrap_err();
        assert!(error.contains("the server's certificate has expired; renew it there"), "{error}");
    }
    assert_eq!(connect(&cluster, "sslmode=require").await, Ok("tls"));

    for (parameters, problem) in [
        ("sslmode=verify-full", "need the certificate of the CA: give sslrootcert"),
        ("sslmode=verify-ca&sslrootcert=system", "would trust whoever has any certificate at all"),
        ("sslmode=verify-full&sslrootcert=/none", "sslrootcert: /none can not be read"),
    ] {
        let error = connect(&cluster, parameters).await.unwrap_err();
        assert!(error.contains(problem), "{parameters}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_certificate_says_who_we_are_to_the_listener_too() {
    let Some(cluster) = Cluster::start("a_client_certificate_says_who_we_are") else { return };
    cluster.offer(&cluster.good, ONLY_KNOWN).await;
    let root = format!("sslmode=verify-full&sslrootcert={}", file(&cluster.root));
    let error = connect(&cluster, &root).await.unwrap_err();
    assert!(
        error.contains("it refused the user or password") || error.contains("client certificate"),
        "{error}"
    );
    let known = format!("{root}&sslcert={}&sslkey={}", file(&cluster.client.0), file(&cluster.client.1));
    assert_eq!(connect(&cluster, &known).await, Ok("tls"));
    // One that another CA signed.
    let stranger = cluster.client_of(&Authority::new(), "stranger");
    let unknown = format!("{root}&sslcert={}&sslkey={}", file(&stranger.0), file(&stranger.1));
    let error = connect(&cluster, &unknown).await.unwrap_err();
    assert!(error.contains("sslmode=verify-full: the server broke the handshake off"), "{error}");

    let store = Store::connect(&Options::new(format!("{}?{known}", cluster.url))).await.unwrap();
    store.migrate().await.unwrap();
    let mut listener = store.listen().await.unwrap();
    assert_eq!(put(&store, &Change::Image(image())).await.revision, 1);
    let heard = tokio::time::timeout(std::time::Duration::from_secs(20), listener.heard()).await;
    assert_eq!(heard.unwrap().unwrap(), Some(1));
    drop(store.begin(&actor(), AT).await.unwrap());
    store.close().await;
}
