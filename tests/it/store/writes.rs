//! A write happens as a whole or not at all.

use std::time::Duration;

use pxe_init::domain::{Change, Changes, Noun};
use pxe_init::store::StoreError;

use super::database::Database;
use super::samples::{AT, actor, delete, image, machine, machine_named, put, put_all, rule, since, template};

contract!(
    one_revision_a_write,
    nothing_put_is_no_revision,
    rollback_leaves_nothing,
    dropping_rolls_back,
    deleting_what_is_not_there,
    reads_what_it_wrote,
    torn_write_is_not_committed,
    abandoned_put_is_not_committed,
);

const AUDIT: &str = "SELECT name FROM audit ORDER BY id";

async fn one_revision_a_write(database: Database) {
    let store = database.store().await;
    let mut write = store.begin(&actor(), AT).await.unwrap();
    assert_eq!(write.revision(), 1);
    for change in [Change::Image(image()), Change::Machine(machine()), Change::Rule(rule())] {
        assert_eq!(write.put(&change, "").await.unwrap().revision, 1);
    }
    assert_eq!(store.revision().await.unwrap(), 0);
    assert_eq!(write.commit().await.unwrap(), 1);
    assert_eq!(store.revision().await.unwrap(), 1);
    let write = store.begin(&actor(), AT).await.unwrap();
    assert_eq!(write.revision(), 2);
}

async fn nothing_put_is_no_revision(database: Database) {
    let store = database.store().await;
    put(&store, &Change::Image(image())).await;
    assert_eq!(store.begin(&actor(), AT).await.unwrap().commit().await.unwrap(), 1);
    assert_eq!(store.revision().await.unwrap(), 1);
}

async fn rollback_leaves_nothing(database: Database) {
    let store = database.store().await;
    let mut write = store.begin(&actor(), AT).await.unwrap();
    for change in [Change::Image(image()), Change::Template(template("a")), Change::Machine(machine())] {
        write.put(&change, "").await.unwrap();
    }
    write.rollback().await.unwrap();
    assert_eq!(since(&store, 0).await, Default::default());
    assert!(database.query(AUDIT, &["name"]).await.is_empty());
    assert!(store.template_revisions(&template("").name, None, 9).await.unwrap().is_empty());
    assert_eq!(put(&store, &Change::Image(image())).await.revision, 1);
}

async fn dropping_rolls_back(database: Database) {
    let store = database.store().await;
    let mut write = store.begin(&actor(), AT).await.unwrap();
    write.put(&Change::Machine(machine()), "").await.unwrap();
    drop(write);
    assert_eq!(put(&store, &Change::Machine(machine())).await.revision, 1);
    assert_eq!(database.query(AUDIT, &["name"]).await.len(), 1);
}

async fn deleting_what_is_not_there(database: Database) {
    let store = database.store().await;
    put(&store, &Change::Image(image())).await;
    put(&store, &delete(Noun::Image, "coreos")).await;
    let mut write = store.begin(&actor(), AT).await.unwrap();
    for (noun, name) in [(Noun::Image, "coreos"), (Noun::Machine, "never"), (Noun::Template, "never")] {
        let error = write.put(&delete(noun, name), "").await.unwrap_err();
        assert!(matches!(error, StoreError::Absent { .. }), "{error:?}");
        assert_eq!(error.to_string(), format!("there is no {noun} {name}"));
    }
    // The write goes on.
    write.put(&Change::Rule(rule()), "").await.unwrap();
    assert_eq!(write.commit().await.unwrap(), 3);
    assert_eq!(since(&store, 2).await.changes.len(), 1);
}

async fn reads_what_it_wrote(database: Database) {
    let (ours, theirs) = (database.store().await, database.connect().await);
    put(&ours, &Change::Image(image())).await;
    put(&theirs, &machine_named("a", "52:54:00:00:00:01")).await;
    let mut write = ours.begin(&actor(), AT).await.unwrap();
    let missed = write.changes_since(1).await.unwrap();
    assert_eq!(missed.revision, write.revision() - 1);
    assert_eq!(missed.changes.len(), 1);
    assert_eq!(missed.changes[0].change, machine_named("a", "52:54:00:00:00:01"));
    write.put(&delete(Noun::Machine, "a"), "").await.unwrap();
    write.put(&machine_named("b", "52:54:00:00:00:01"), "").await.unwrap();
    write.commit().await.unwrap();
    let names: Vec<String> =
        since(&ours, 2).await.changes.iter().map(|s| s.change.name().to_string()).collect();
    assert_eq!(names, ["a", "b"]);
}

/// As when a caller hangs up while its change is being made.
async fn abandoned_put_is_not_committed(database: Database) {
    let store = database.store().await;
    let mut write = store.begin(&actor(), AT).await.unwrap();
    // With so many addresses it takes dozens of statements, and far longer than we wait.
    let mut big = machine();
    big.macs = (0..40_000u32).map(|i| format!("5254{i:08x}").parse().unwrap()).collect();
    let abandoned = Duration::from_millis(20);
    tokio::time::timeout(abandoned, write.put(&Change::Machine(big), "")).await.unwrap_err();
    let error = write.commit().await.unwrap_err();
    assert!(matches!(error, StoreError::Broken), "{error:?}");
    let stamped = put(&store, &Change::Machine(machine())).await;
    assert_eq!(since(&store, 0).await, Changes { revision: 1, changes: vec![stamped] });
    assert_eq!(database.query(AUDIT, &["name"]).await.len(), 1);
}

async fn torn_write_is_not_committed(database: Database) {
    let store = database.store().await;
    database.execute("ALTER TABLE audit RENAME TO hidden").await;
    let mut write = store.begin(&actor(), AT).await.unwrap();
    write.put(&Change::Image(image()), "").await.unwrap_err();
    let error = write.put(&Change::Rule(rule()), "").await.unwrap_err();
    assert!(matches!(error, StoreError::Broken), "{error:?}");
    let error = write.commit().await.unwrap_err();
    assert!(matches!(error, StoreError::Broken), "{error:?}");
    database.execute("ALTER TABLE hidden RENAME TO audit").await;
    assert_eq!(since(&store, 0).await, Default::default());
    put_all(&store, &[Change::Image(image())]).await;
}
