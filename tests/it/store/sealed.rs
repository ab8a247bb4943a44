//! Secrets at rest: what the database has, and who can read it.

use pxe_init::domain::{Actor, AuditEntry, AuditFilter, Change, Image, Machine, Noun, Rule, State};
use pxe_init::seal::Keys;
use pxe_init::store::{AUDIT_BEGINNING, Options, Resealed, Store, StoreError, audit_hash};
use serde_json::json;

use super::database::Database;
use super::samples::{AT, delete, from_json, image, name, put, put_all, since, sorted};

contract!(
    the_database_has_no_secret,
    other_keys_take_the_place_of_old_ones,
    what_was_in_clear_is_sealed_later
);

const SECRET: &str = "hunter2";

fn keys(names: &[&str]) -> Keys {
    let line = |name: &&str| format!("{name} {}\n", name.repeat(64));
    Keys::read(&names.iter().map(line).collect::<String>()).unwrap()
}

async fn store(database: &Database, keys: Keys) -> Store {
    let store = Store::connect(&Options { keys, ..Options::new(&database.url) }).await.unwrap();
    store.migrate().await.unwrap();
    store
}

/// Everything that can have a secret.
fn nouns() -> [Change; 3] {
    let mut rule = Rule::new(name("all"));
    rule.image = Some(name("coreos"));
    rule.params.insert("password".into(), SECRET.into());
    let mut machine = Machine::new(name("web-1"));
    machine.macs.push("52:54:00:00:00:01".parse().unwrap());
    machine.params.insert("password".into(), json!([SECRET, {"a": SECRET}]));
    let mut image = image();
    image.params.insert("password".into(), SECRET.into());
    image
        .declares
        .insert("other".into(), from_json(json!({"type": "string", "secret": true, "default": SECRET})));
    [Change::Image(image), Change::Rule(rule), Change::Machine(machine)]
}

/// All text of the tables that can have a secret.
async fn stored(database: &Database) -> String {
    let mut all = String::new();
    for (table, columns) in [
        ("images", ["params", "declares"].as_slice()),
        ("rules", &["params"]),
        ("machines", &["params"]),
        ("audit", &["before", "after", "salt"]),
        ("catalog_revision", &["boot_key"]),
    ] {
        let sql = format!("SELECT {} FROM {table}", columns.join(", "));
        all += &format!("{:?}", database.query(&sql, columns).await);
    }
    all
}

async fn entries(store: &Store) -> Vec<AuditEntry> {
    let entries = store.audit_after(0, 1000).await.unwrap();
    let mut head = AUDIT_BEGINNING.to_owned();
    for entry in &entries {
        assert_eq!((&entry.previous, &audit_hash(entry)), (&head, &entry.hash), "entry {}", entry.id);
        head.clone_from(&entry.hash);
    }
    entries
}

async fn the_database_has_no_secret(database: Database) {
    let ours = store(&database, keys(&["a"])).await;
    put_all(&ours, &nouns()).await;
    put(&ours, &Change::Image(Image::new(name("coreos")))).await;
    put(&ours, &delete(Noun::Machine, "web-1")).await;
    let found = stored(&database).await;
    assert!(!found.contains(SECRET) && found.contains("sealed:1:a:"), "{found}");

    let read = since(&ours, 1).await;
    assert_eq!(read.revision, 3);
    assert!(
        entries(&ours)
            .await
            .iter()
            .any(|entry| entry.before.as_ref().is_some_and(|noted| noted.contains(SECRET)))
    );
    assert_eq!(sorted(ours.undo(3, 1).await.unwrap().changes.changes).len(), 2, "the past is there");

    for (theirs, problem) in [
        (Keys::default(), "it is encrypted with the key a, which this server does not have"),
        (keys(&["b"]), "it is encrypted with the key a, which this server does not have"),
        (Keys::read(&format!("a {}", "c".repeat(64))).unwrap(), "it can not be decrypted with the key a"),
    ] {
        let theirs = store(&database, theirs).await;
        let errors = [
            theirs.changes_since(0).await.map(drop).unwrap_err(),
            theirs.audit(&AuditFilter::default(), None, 10).await.map(drop).unwrap_err(),
        ];
        for error in errors {
            assert!(
                matches!(&error, StoreError::BadRow { .. }) && error.to_string().contains(problem),
                "{error}"
            );
        }
    }
    // What is put in another place is not taken for what was there.
    put_all(&ours, &nouns()[2..]).await;
    let mut other = Rule::new(name("other"));
    other.params.insert("password".into(), "theirs".into());
    other.image = Some(name("coreos"));
    put(&ours, &Change::Rule(other)).await;
    database
        .execute(
            "UPDATE rules SET params = (SELECT params FROM rules WHERE name = 'all') WHERE name = 'other'",
        )
        .await;
    let moved = ours.changes_since(0).await.unwrap_err();
    assert!(moved.to_string().contains("the value was changed or moved"), "{moved}");
}

async fn other_keys_take_the_place_of_old_ones(database: Database) {
    let old = store(&database, keys(&["a"])).await;
    put_all(&old, &nouns()).await;
    put(&old, &delete(Noun::Machine, "web-1")).await;
    let (before, state) = (entries(&old).await, old.state().await.unwrap());
    let (catalog, key) = (since(&old, 0).await, old.boot_key().await.unwrap());

    let both = store(&database, keys(&["b", "a"])).await;
    let Resealed { changed, .. } = both.reseal().await.unwrap();
    assert!(changed > 10, "{changed}");
    assert!(!stored(&database).await.contains("sealed:1:a:"));
    assert_eq!(both.reseal().await.unwrap().changed, 0);

    let new = store(&database, keys(&["b"])).await;
    assert_eq!(entries(&new).await, before, "also the hashes");
    let expected: State = state;
    assert_eq!((new.state().await.unwrap(), new.boot_key().await.unwrap()), (expected, key));
    assert_eq!(since(&new, 0).await, catalog);
    assert!(old.changes_since(0).await.is_err());
    put_all(&new, &nouns()).await;
    entries(&new).await;
}

async fn what_was_in_clear_is_sealed_later(database: Database) {
    let open = store(&database, Keys::default()).await;
    put_all(&open, &nouns()).await;
    put(&open, &delete(Noun::Machine, "web-1")).await;
    assert!(stored(&database).await.contains(SECRET));
    let (before, catalog) = (entries(&open).await, since(&open, 0).await);

    let ours = store(&database, keys(&["a"])).await;
    assert_eq!(since(&ours, 0).await, catalog, "what is in clear is read");
    ours.reseal().await.unwrap();
    let found = stored(&database).await;
    assert!(!found.contains(SECRET), "{found}");
    assert_eq!((entries(&ours).await, since(&ours, 0).await), (before, catalog));
    let write = ours.begin(&Actor { name: "ada".into(), origin: "::1".into() }, AT).await.unwrap();
    write.rollback().await.unwrap();
}
