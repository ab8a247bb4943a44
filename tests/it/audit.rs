//! The audit, from a change to the client's output.

use std::sync::Arc;

use pxe_init::domain::Timestamp;
use pxe_init::service::{Assets, AuditCheck, AuditPageRequest, OnFailure, OnUnknown, Service, Settings};
use pxe_init::telemetry::{Metrics, Traces};
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::shell::{client, client_json, client_ok};
use crate::store::database::{Database, on_sqlite};

const MAC: &str = "52:54:00:00:00:01";

/// Two images, a template that declares a secret, and a machine that has one.
async fn site() -> TestApp {
    let app = TestApp::start().await;
    let source = "{#- params\npassword: { type: string, secret: true, required: true }\n-#}\n#!ipxe\necho {{ params.password }}\n";
    app.template("ours", "ipxe", source).await.unwrap_or_else(|e| panic!("{e:?}"));
    client_ok(&app, "image register demo --kernel vmlinuz --template ipxe=ours -m 'the first one'").await;
    client_ok(
        &app,
        &format!("machine register web-1 --mac {MAC} --image demo --param password=hunter2 --param site=b1"),
    )
    .await;
    client_ok(&app, &format!("machine register web-1 --mac {MAC} --image demo --param password=hunter3"))
        .await;
    client_ok(&app, "machine register web-2 --mac 52:54:00:00:00:02").await;
    client_ok(&app, "machine delete --yes web-2").await;
    app
}

fn database(app: &TestApp) -> Database {
    Database { url: format!("sqlite://{}", app.dir.path().join("test.db").display()) }
}

fn column(list: &Value, field: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap_or("-").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_who_changed_what_with_masks() {
    let app = site().await;
    let all = client_json(&app, "audit list").await;
    assert_eq!(
        column(&all, "what"),
        ["machine/web-2", "machine/web-2", "machine/web-1", "machine/web-1", "image/demo", "template/ours"]
    );
    assert_eq!(column(&all, "action"), ["delete", "create", "update", "create", "create", "create"]);
    assert_eq!(column(&all, "from"), vec!["127.0.0.1"; 6]);
    assert_eq!(column(&all, "who")[..5], vec!["ada"; 5]);
    let created = &all[3];
    assert_eq!(created["after"]["params"], json!({"password": "__secret__", "site": "b1"}));
    assert_eq!(created["before"], Value::Null);
    assert!(!all.to_string().contains("hunter"), "{all}");

    let of_machine = client_json(&app, "audit list --what machine/web-1 --action update").await;
    assert_eq!(column(&of_machine, "what"), ["machine/web-1"]);
    let of_nouns = client_json(&app, "audit list --what machine --limit 2").await;
    assert_eq!(column(&of_nouns, "action"), ["delete", "create"]);
    assert_eq!(client_json(&app, "audit list --who anonymous").await.as_array().unwrap().len(), 1);
    for nothing in
        ["--who eve", "--from 192.0.2.1", "--until 2020-01-01T00:00:00Z", "--denied", "--what rule"]
    {
        let run = client_ok(&app, &format!("audit list {nothing}")).await;
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", "no entry matches\n"), "{nothing}");
    }
    assert_eq!(client_json(&app, "audit list --since 1h").await, all);

    let table = client_ok(&app, "audit list --limit 1 --what image").await;
    assert!(table.stdout.contains("the first one") && table.stdout.contains("image/demo"), "{table:?}");
    let wrong = client(&app, "audit list --what printer/x").await;
    assert!(wrong.exit == 2 && wrong.stderr.contains("\"printer\" is no noun"), "{wrong:?}");

    // What is no longer declared to be secret was so when it was noted.
    app.template("ours", "ipxe", "#!ipxe\necho {{ params.password }}\n").await.unwrap();
    let later = client_json(&app, "audit list").await;
    assert!(!later.to_string().contains("hunter"), "{later}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_one_list() {
    let app = site().await;
    let mut audit =
        pxe_init::proto::pxe_init::audit_service_client::AuditServiceClient::new(app.channel().await);
    let (mut ids, mut token) = (Vec::new(), String::new());
    loop {
        let request = pxe_init::proto::pxe_init::ListAuditRequest {
            page_size: 4,
            page_token: token,
            ..Default::default()
        };
        let page = audit.list_audit(request).await.unwrap().into_inner();
        ids.extend(page.entries.iter().map(|entry| entry.id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(ids, [6, 5, 4, 3, 2, 1]);
    let request =
        pxe_init::proto::pxe_init::ListAuditRequest { page_token: "x".into(), ..Default::default() };
    let refused = audit.list_audit(request).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_later_is_found() {
    let app = site().await;
    let whole = client_json(&app, "audit verify").await;
    assert_eq!((&whole["whole"], &whole["good"]), (&json!(true), &json!(6)));
    let head = whole["head"].as_str().unwrap().to_owned();
    let table = client_ok(&app, &format!("audit verify --anchor {head}")).await;
    assert_eq!(table.stdout, format!("the anchor is that of entry 6\ngood entries: 6\nhead: {head}\n"));

    // One more, so that the anchor is not the end.
    client_ok(&app, "image register other --kernel k").await;
    let database = database(&app);
    for (spoil, mend, entry, problem) in [
        (
            "UPDATE audit SET actor = 'eve' WHERE id = 3",
            "UPDATE audit SET actor = 'ada' WHERE id = 3",
            3,
            "its content",
        ),
        (
            "UPDATE audit SET after = replace(after, 'hunter2', 'hunter4') WHERE id = 3",
            "UPDATE audit SET after = replace(after, 'hunter4', 'hunter2') WHERE id = 3",
            3,
            "its content",
        ),
        (
            "UPDATE audit SET id = 40 WHERE id = 4",
            "UPDATE audit SET id = 4 WHERE id = 40",
            5,
            "does not follow",
        ),
        (
            "UPDATE audit SET id = 40 WHERE id = 1",
            "UPDATE audit SET id = 1 WHERE id = 40",
            2,
            "does not follow",
        ),
    ] {
        database.execute(spoil).await;
        let broken = client(&app, "audit verify -o json").await;
        let found: Value = serde_json::from_str(&broken.stdout).unwrap();
        assert_eq!(
            (broken.exit, &found["broken"]["id"], &found["whole"]),
            (1, &json!(entry), &json!(false)),
            "{spoil}"
        );
        assert_eq!(
            found["good"],
            json!(if entry == 2 {
                0
            } else if entry == 5 {
                3
            } else {
                entry - 1
            }),
            "{spoil}"
        );
        let table = client(&app, "audit verify").await;
        assert!(table.stdout.contains(problem), "{spoil}: {table:?}");
        database.execute(mend).await;
        client_ok(&app, &format!("audit verify --anchor {head}")).await;
    }

    // An end that was cut off looks whole; the head that was noted tells.
    database.execute("DELETE FROM audit WHERE id >= 6").await;
    client_ok(&app, "audit verify").await;
    let cut = client(&app, &format!("audit verify --anchor {head}")).await;
    assert!(cut.exit == 1 && cut.stdout.contains("is gone, or was written anew"), "{cut:?}");
    let wrong = client(&app, "audit verify --anchor abc").await;
    assert!(wrong.exit == 4 && wrong.stderr.contains("\"abc\" is no hash"), "{wrong:?}");
    app.stop().await;
}

/// As of a server that nobody configured.
pub(crate) fn settings() -> Settings {
    Settings {
        unknown: OnUnknown::Hold,
        failure: OnFailure::Script,
        hold_seconds: 30,
        assets: Assets::Own,
        serves_assets: false,
        base_url: "http://localhost".to_owned(),
        base_url_fixed: false,
        limits: Default::default(),
    }
}

/// A service of its own on this database: what is denied is decided above it.
async fn service(database: &Database) -> Service {
    let clock = || Timestamp(1_790_000_000_000);
    let metrics = Arc::new(Metrics::new(Arc::new(clock), Traces::default()));
    let service = Service::new(None, settings(), Arc::new(clock), metrics);
    service.attach(database.store().await);
    service.catch_up().await.unwrap();
    service
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn denied_calls_are_counted_and_can_not_fill_the_database() {
    on_sqlite(async |database: Database| {
        let service = service(&database).await;
        for _ in 0..1000 {
            service.audit_denied("eve\0", "192.0.2.66", "MachineService/DeleteMachine", "viewer may not");
        }
        let list = async || service.list_audit(&AuditPageRequest::default()).await.unwrap().entries;
        let entries = list().await;
        let told = |entry: &pxe_init::domain::AuditEntry| {
            (
                entry.action.clone(),
                entry.noun.clone(),
                entry.name.clone(),
                entry.actor.to_string(),
                entry.message.clone(),
            )
        };
        let expected =
            ["denied", "call", "MachineService/DeleteMachine", "eve\u{fffd}@192.0.2.66", "viewer may not"];
        let [action, noun, name, actor, message] = expected.map(str::to_owned);
        assert_eq!(entries.iter().map(told).collect::<Vec<_>>(), [(action, noun, name, actor, message)]);
        let counted: Value = serde_json::from_str(entries[0].after.as_deref().unwrap()).unwrap();
        assert_eq!(counted["count"], 1000);
        assert_eq!(entries[0].revision, 0);

        for caller in 0..100_000 {
            service.audit_denied(&format!("eve-{caller}"), "192.0.2.66", "x", "y");
        }
        let request = AuditPageRequest { size: 1000, ..Default::default() };
        for _ in 0..3 {
            let entries = service.list_audit(&request).await.unwrap().entries;
            assert!((100..=200).contains(&entries.len()), "{}", entries.len());
        }
        let mut check = AuditCheck::new(String::new());
        while service.check_audit(&mut check).await.unwrap() {}
        assert_eq!(check.verdict.broken, None);
        assert!(check.verdict.good >= 100);
    })
    .await;
}
