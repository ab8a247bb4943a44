//! Every path of a boot, with every token that is none.

use std::path::Path;
use std::sync::Arc;

use pxe_init::domain::{Attribute, Change, Facts, Image, Kind, Outcome, Rule, Timestamp};
use pxe_init::service::Service;
use pxe_init::snapshot_file::SnapshotFile;
use pxe_init::telemetry::{Metrics, Traces};
use ring::hmac;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{MAC, OTHER, boot, database, is_denied, protected_kinds, restarted, site, token};
use crate::app::TestApp;
use crate::audit::settings;
use crate::shell::{client, client_json};
use crate::store::database::{Database, on_sqlite};
use crate::store::samples::put_all;

const MISSING: &str = "it takes the token of a boot";
const FOREIGN: &str = "is not one of this machine";
const EXPIRED: &str = "the token is too old";
const USED_UP: &str = "the token is used up";

/// The paths under which a machine could ask for each kind, with `token` in them.
fn every_path(mac: &str, token: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for kind in protected_kinds() {
        paths.push(format!("/{kind}?token={token}&mac={mac}"));
        paths.push(format!("/{kind}?mac={mac}&token={token}"));
        if kind.is_nocloud() {
            paths.push(format!("/cloud-init/token={token}&mac={mac}/{kind}"));
        }
    }
    paths
}

fn bare_paths(mac: &str) -> Vec<String> {
    let direct = protected_kinds().map(|kind| format!("/{kind}?mac={mac}"));
    let nocloud = protected_kinds().filter(|kind| kind.is_nocloud());
    direct.chain(nocloud.map(|kind| format!("/cloud-init/{mac}/{kind}"))).collect()
}

/// A token as the server would have made it so many seconds ago, by the key that its database has.
async fn forged(app: &TestApp, machine: &str, seconds_ago: u32, minutes: u16) -> String {
    let key = database(app).query("SELECT boot_key FROM catalog_revision", &["boot_key"]).await;
    let now = jiff::Timestamp::now().as_second();
    let mut said = vec![0];
    said.extend((u32::try_from(now).unwrap() - seconds_ago).to_be_bytes());
    said.extend(minutes.to_be_bytes());
    said.extend(7_u64.to_be_bytes());
    let mut proved = b"pxe-init boot token 1\0".to_vec();
    proved.extend(&said);
    proved.extend(format!("machine\0{machine}\0\0").as_bytes());
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key[0][0].as_bytes()), &proved);
    said.extend(&tag.as_ref()[..16]);
    said.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_boot_gets_its_documents_and_nobody_else_does() {
    let app = site("token").await;
    let urls = boot(&app, MAC).await;
    assert_eq!(urls.len(), protected_kinds().count() + 1);
    let (seed, documents) = urls.split_last().unwrap();
    for path in documents {
        assert_eq!(app.get(path).await.status, 200, "{path}");
    }
    for kind in protected_kinds().filter(|kind| kind.is_nocloud()) {
        assert_eq!(app.get(&format!("{seed}{kind}")).await.status, 200, "{seed}{kind}");
    }
    let own = token(seed).to_owned();
    let foreign = token(&boot(&app, OTHER).await[0]).to_owned();
    assert_ne!(own, foreign);
    for path in every_path(MAC, &own) {
        assert_eq!(app.get(&path).await.status, 200, "{path}");
    }
    let wrong = [foreign.as_str(), "", "0", &"0".repeat(62), pxe_init::boot::NO_TOKEN];
    for (path, why) in bare_paths(MAC)
        .into_iter()
        .map(|path| (path, MISSING))
        .chain(wrong.iter().flat_map(|token| every_path(MAC, token)).map(|path| (path, FOREIGN)))
        .chain(every_path(OTHER, &own).into_iter().map(|path| (path, FOREIGN)))
    {
        let reply = app.get(&path).await;
        assert!(is_denied(&reply, why), "{path}: {reply:?}");
    }
    // A fact can not bring one along in the place of the machine's own.
    let first = app.get(&format!("/ignition?token={own}&mac={MAC}&hostname=x&token={foreign}")).await;
    assert_eq!(first.status, 200);

    let denied = client_json(&app, "boots list --outcome denied --limit 1000").await;
    assert!(denied.as_array().unwrap().len() > 100);
    assert!(denied[0]["problem"].as_str().unwrap().starts_with("this document is protected: "));
    assert!(!denied.to_string().contains(&own));
    let metrics = app.get("/metrics").await.body;
    assert!(metrics.contains("pxe_init_answers_total{kind=\"ignition\",outcome=\"denied\"}"));
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_token_is_none() {
    let app = site("token,minutes=10").await;
    for path in every_path(MAC, &forged(&app, "web-1", 500, 10).await) {
        assert_eq!(app.get(&path).await.status, 200, "{path}");
    }
    // Older than itself says, older than the image says now, and from a future that no clock of ours is in.
    for (seconds, minutes) in [(700, 10), (700, 60)] {
        for path in every_path(MAC, &forged(&app, "web-1", seconds, minutes).await) {
            let reply = app.get(&path).await;
            assert!(is_denied(&reply, EXPIRED), "{path}: {reply:?}");
        }
    }
    for path in every_path(MAC, &forged(&app, "web-2", 1, 10).await) {
        assert!(is_denied(&app.get(&path).await, FOREIGN), "{path}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uses_are_counted_for_each_boot_and_kind() {
    let app = site("uses=2").await;
    let first = boot(&app, MAC).await;
    let second = boot(&app, MAC).await;
    for path in &first[..first.len() - 1] {
        for _ in 0..2 {
            assert_eq!(app.get(path).await.status, 200, "{path}");
        }
        let reply = app.get(path).await;
        assert!(is_denied(&reply, USED_UP), "{path}: {reply:?}");
    }
    assert_eq!(app.get(&second[0]).await.status, 200, "another boot has uses of its own");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_can_be_bound_to_its_address() {
    let app = site("address").await;
    let urls = boot(&app, MAC).await;
    assert_eq!(app.get(&urls[0]).await.status, 200);
    let port = app.http.port();
    let path = urls[0].clone();
    // Another address of this computer.
    let reply = tokio::task::spawn_blocking(move || {
        use std::io::{Read, Write};
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&std::net::SocketAddr::from(([127, 0, 0, 2], 0)).into()).unwrap();
        socket.connect(&std::net::SocketAddr::from(([127, 0, 0, 1], port)).into()).unwrap();
        let mut stream: std::net::TcpStream = socket.into();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    })
    .await
    .unwrap();
    assert!(reply.starts_with("HTTP/1.1 403 ") && reply.contains("comes from another address"), "{reply}");
    // One that was made before is bound to none.
    let unbound = forged(&app, "web-1", 1, 10).await;
    let reply = app.get(&format!("/ignition?token={unbound}&mac={MAC}")).await;
    assert!(is_denied(&reply, "is bound to no address"), "{reply:?}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_machines_and_templates_protect_too() {
    let app = site("").await;
    let open = boot(&app, MAC).await;
    assert!(open.iter().all(|path| !path.contains("token=")), "{open:?}");
    assert_eq!(app.get(&open[0]).await.status, 200);

    // A template protects what it makes, and nothing else.
    let source = "{#- protect: token -#}\n{\"ignition\": {\"version\": \"3.4.0\"}}\n";
    app.template("own.ignition", "ignition", source).await.unwrap();
    assert!(is_denied(&app.get(&format!("/ignition?mac={MAC}")).await, MISSING));
    assert_eq!(app.get(&format!("/kickstart?mac={MAC}")).await.status, 200);
    let urls = boot(&app, MAC).await;
    assert_eq!(app.get(&urls[0]).await.status, 200);
    let refused =
        app.template("own.ignition", "ignition", "{#- protect: tokens -#}\n{}\n").await.unwrap_err();
    assert!(format!("{refused:?}").contains("is no protection; write one or several"), "{refused:?}");

    // A rule protects machines that are not registered, by what they say of themselves.
    crate::shell::client_ok(
        &app,
        "rule register rest --match 'mac=52:54:01:*' --image demo --param protect=token",
    )
    .await;
    let unknown = "52-54-01-00-00-01";
    let urls = boot(&app, unknown).await;
    assert_eq!(app.get(&urls[5]).await.status, 200);
    assert!(is_denied(&app.get(&format!("/text?mac={unknown}")).await, MISSING));
    let foreign = format!("/text?mac=52-54-01-00-00-02&token={}", token(&urls[0]));
    assert!(is_denied(&app.get(&foreign).await, FOREIGN));

    crate::shell::client_ok(
        &app,
        &format!("machine register web-1 --mac {MAC} --image demo --param protect=token"),
    )
    .await;
    assert!(is_denied(&app.get(&format!("/text?mac={MAC}")).await, MISSING));
    for (what, args) in [
        ("machine", format!("--mac {MAC}")),
        ("image", "--kernel k".to_owned()),
        ("rule", "--image demo".to_owned()),
    ] {
        let refused = client(&app, &format!("{what} register bad {args} --param protect=nothing")).await;
        assert!(refused.exit == 4 && refused.stderr.contains("\"nothing\" is no protection"), "{refused:?}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_server_of_a_site_knows_a_token() {
    let app = site("token").await;
    let urls = boot(&app, MAC).await;
    let app = restarted(app).await;
    assert_eq!(app.get(&urls[0]).await.status, 200);
    app.stop().await;
}

/// A service with this snapshot file and without a database.
fn service(file: &Path) -> Service {
    let clock = || Timestamp(1_790_000_000_000);
    let metrics = Arc::new(Metrics::new(Arc::new(clock), Traces::default()));
    let file = SnapshotFile::new(file, "a database");
    let service = Service::new(Some(file), settings(), Arc::new(clock), metrics);
    service.issue_tokens(|| 7);
    service
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_starts_without_its_database_knows_it_too() {
    on_sqlite(async |database: Database| {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("snapshot");
        let store = database.store().await;
        let mut image = Image::new("demo".parse().unwrap());
        image.kernel = Some("k".to_owned());
        image.initrds = vec!["i".to_owned()];
        image.rootfs = Some("r".to_owned());
        image.params.insert("protect".to_owned(), "token".into());
        image.params.insert("ignition".to_owned(), true.into());
        image.templates.insert(Kind::Ipxe, "coreos".parse().unwrap());
        let mut rule = Rule::new("all".parse().unwrap());
        rule.image = Some(image.name.clone());
        put_all(&store, &[Change::Image(image), Change::Rule(rule)]).await;
        let first = service(&file);
        first.attach(store);
        first.catch_up().await.unwrap();
        let stop = CancellationToken::new();
        stop.cancel();
        first.keep(stop).await;
        let client = "192.0.2.1".parse().unwrap();
        let mut facts = Facts::default();
        facts.set(Attribute::Mac, MAC).unwrap();
        let facts = Arc::new(facts);
        let ask = |service: &Service, kind, query: &str| {
            service.answer(&facts, kind, &service.server(Some("x")), query, client).unwrap()
        };
        let script = ask(&first, Kind::Ipxe, "");
        let token = token(script.document.as_deref().unwrap()).split_whitespace().next().unwrap().to_owned();

        let second = service(&file);
        second.fall_back().await;
        let document = ask(&second, Kind::MetaData, &format!("token={token}"));
        assert_eq!(document.outcome, Outcome::Rendered, "{document:?}");
        assert_eq!(ask(&second, Kind::MetaData, "").outcome, Outcome::Denied);
        let script = ask(&second, Kind::Ipxe, "");
        assert!(
            script.document.as_deref().unwrap().contains(&token),
            "the same boot, as far as chance tells"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_never_accepted_gets_nothing() {
    let app = site("accept").await;
    let path = format!("/ignition?mac={MAC}");
    assert!(is_denied(&app.get(&path).await, "nobody accepted the machine yet"));
    crate::shell::client_ok(&app, "machine accept web-1 -m 'seen in rack 1'").await;
    assert_eq!(app.get(&path).await.status, 200);
    assert!(is_denied(&app.get(&format!("/ignition?mac={OTHER}")).await, "nobody accepted"));
    // Who registers it again does not take that back, unless it is another computer.
    crate::shell::client_ok(&app, &format!("machine register web-1 --mac {MAC} --image demo --hostname x"))
        .await;
    assert_eq!(app.get(&path).await.status, 200);
    crate::shell::client_ok(&app, "machine register web-1 --mac 52-54-00-00-00-09 --image demo").await;
    assert!(is_denied(&app.get("/ignition?mac=52-54-00-00-00-09").await, "nobody accepted"));
    crate::shell::client_ok(&app, "machine accept web-1").await;
    crate::shell::client_ok(&app, "machine accept web-1 --revoke").await;
    assert!(is_denied(&app.get("/ignition?mac=52-54-00-00-00-09").await, "nobody accepted"));
    let missing = client(&app, "machine accept nobody").await;
    assert_eq!(missing.exit, 3, "{missing:?}");
    app.stop().await;
}
