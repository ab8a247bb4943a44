//! Every change is noted: who, when, what, and how it was before and after.

use pxe_init::domain::{Actor, AuditEntry, Change, Denied, Image, Noun, Timestamp};
use pxe_init::store::{AUDIT_BEGINNING, Store, StoreError, audit_hash};
use serde_json::{Value, json};

use super::database::Database;
use super::samples::{AT, actor, delete, image, machine, machine_named, put, put_all, rule, template};

contract!(
    before_and_after,
    template_sources_are_left_to_the_history,
    entries_are_a_chain,
    entries_from_before_the_chain_are_chained,
    writers_of_all_replicas_make_one_chain,
);

const COLUMNS: [&str; 10] =
    ["revision", "at", "actor", "origin", "noun", "name", "action", "before", "after", "message"];

async fn rows(database: &Database) -> Vec<Vec<String>> {
    let sql = format!("SELECT {} FROM audit ORDER BY id", COLUMNS.join(", "));
    database.query(&sql, &COLUMNS).await
}

async fn before_and_after(database: Database) {
    let store = database.store().await;
    put_all(&store, &[Change::Image(image()), Change::Machine(machine()), Change::Rule(rule())]).await;
    let other = Actor { name: "grace".to_owned(), origin: "::1".to_owned() };
    let bare = Image::new(image().name);
    let mut write = store.begin(&other, Timestamp(-5)).await.unwrap();
    write.put(&Change::Image(bare.clone()), "less is more").await.unwrap();
    write.put(&delete(Noun::Image, "coreos"), "").await.unwrap();
    write.commit().await.unwrap();
    put_all(&store, &[Change::Image(image())]).await;

    let text = |value: Value| value.to_string();
    let image_json = serde_json::to_string(&image()).unwrap();
    let bare_json = text(json!({"name": "coreos"}));
    let machine_json = serde_json::to_string(&machine()).unwrap();
    let rule_json = serde_json::to_string(&rule()).unwrap();
    let at = AT.0.to_string();
    let created = |revision: &'static str, noun: &'static str, name: &'static str, after: &str| {
        [revision, &at, "ada", "192.0.2.7", noun, name, "create", "-", after, "because"].map(str::to_owned)
    };
    assert_eq!(
        rows(&database).await,
        [
            created("1", "image", "coreos", &image_json),
            created("1", "machine", "web-1.example.org", &machine_json),
            created("1", "rule", "rack-1", &rule_json),
            ["2", "-5", "grace", "::1", "image", "coreos", "update", &image_json, &bare_json, "less is more"]
                .map(str::to_owned),
            ["2", "-5", "grace", "::1", "image", "coreos", "delete", &bare_json, "-", ""].map(str::to_owned),
            created("3", "image", "coreos", &image_json),
        ]
    );
    assert_eq!(actor().to_string(), "ada@192.0.2.7");
}

async fn template_sources_are_left_to_the_history(database: Database) {
    let store = database.store().await;
    put_all(&store, &[Change::Template(template("a"))]).await;
    put_all(&store, &[Change::Template(template("b"))]).await;
    let rows = rows(&database).await;
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let noted =
        |head: u32, sha256: &str| json!({"name": "linux", "kind": "ipxe", "head": head, "sha256": sha256});
    let a = noted(1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
    let b = noted(2, "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d");
    assert_eq!((rows[0][7].as_str(), parsed(&rows[0][8])), ("-", a.clone()));
    assert_eq!((parsed(&rows[1][7]), parsed(&rows[1][8])), (a, b));
}

/// All of it, after each entry was held against the one before.
async fn chain(store: &Store) -> Vec<AuditEntry> {
    let entries = store.audit_after(0, 10_000).await.unwrap();
    let mut head = AUDIT_BEGINNING.to_owned();
    for entry in &entries {
        assert_eq!((&entry.previous, &audit_hash(entry)), (&head, &entry.hash), "entry {}", entry.id);
        head.clone_from(&entry.hash);
    }
    entries
}

async fn entries_are_a_chain(database: Database) {
    let store = database.store().await;
    put_all(&store, &[Change::Image(image()), Change::Machine(machine()), Change::Rule(rule())]).await;
    // What is not committed, and what is refused, leaves nothing.
    let mut write = store.begin(&actor(), AT).await.unwrap();
    write.put(&delete(Noun::Rule, "rack-1"), "").await.unwrap();
    write.rollback().await.unwrap();
    let mut write = store.begin(&actor(), AT).await.unwrap();
    let absent = write.put(&delete(Noun::Rule, "none"), "").await.unwrap_err();
    assert!(matches!(absent, StoreError::Absent { .. }));
    write.put(&delete(Noun::Rule, "rack-1"), "gone").await.unwrap();
    write.commit().await.unwrap();
    let denied = |rpc: &str| Denied {
        actor: actor(),
        rpc: rpc.to_owned(),
        why: "no token".to_owned(),
        count: 3,
        first: AT,
        last: AT,
    };
    let revision = store.revision().await.unwrap();
    store.note_denied(&[denied("a"), denied("b")], AT).await.unwrap();
    assert_eq!(store.revision().await.unwrap(), revision);
    put(&store, &Change::Rule(rule())).await;

    let entries = chain(&store).await;
    let told: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), entry.revision)).collect();
    assert_eq!(
        told,
        [
            ("create", 1),
            ("create", 1),
            ("create", 1),
            ("delete", 2),
            ("denied", 0),
            ("denied", 0),
            ("create", 3)
        ]
    );
    // Nothing but the salt keeps who has the hashes from trying what a secret may be.
    assert!(entries.iter().all(|entry| entry.salt.len() == 32));
    assert_ne!(entries[0].salt, entries[3].salt);
    // A denied call is no change: it can be looked behind.
    assert_eq!(store.undo(3, 2).await.unwrap().missing, Vec::<String>::new());
}

async fn entries_from_before_the_chain_are_chained(database: Database) {
    let store = database.store().await;
    put_all(&store, &[Change::Image(image()), Change::Template(template("a"))]).await;
    put(&store, &delete(Noun::Image, "coreos")).await;
    for column in ["previous", "salt", "hash", "secrets"] {
        database.execute(&format!("ALTER TABLE audit DROP COLUMN {column}")).await;
    }
    database.execute("DELETE FROM seaql_migrations WHERE version LIKE '%_audit_chain'").await;
    store.migrate().await.unwrap();
    let store = database.connect().await;
    put(&store, &Change::Image(image())).await;
    let entries = chain(&store).await;
    assert_eq!(entries.len(), 4);
    assert!(entries.iter().all(|entry| entry.salt.len() == 32));
    assert_ne!(entries[0].salt, entries[1].salt);
}

async fn writers_of_all_replicas_make_one_chain(database: Database) {
    let replicas = [database.store().await, database.connect().await];
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4_usize {
        let store = replicas[writer % 2].clone();
        writers.spawn(async move {
            for n in 0..10 {
                let mac = format!("52:54:00:00:0{writer}:{n:02}");
                put(&store, &machine_named(&format!("m-{writer}-{n}"), &mac)).await;
                let why = "no token".to_owned();
                let denied = Denied { actor: actor(), rpc: "a".into(), why, count: 1, first: AT, last: AT };
                store.note_denied(&[denied], AT).await.unwrap();
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    assert_eq!(chain(&replicas[0]).await.len(), 80);
}
