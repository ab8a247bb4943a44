//! A row that means nothing is named, and is no panic.

use pxe_init::domain::Change;
use pxe_init::store::StoreError;

use super::database::Database;
use super::samples::{image, machine, name, put_all, rule, template};

contract!(named_by_table_column_and_row, revision_row, template_history);

/// How to break a row, what is bad then, and how to mend it.
const CASES: [(&str, [&str; 3], &str); 13] = [
    ("images SET params = '{'", ["images", "params", "coreos"], "images SET params = '{}'"),
    ("images SET args = '{}'", ["images", "args", "coreos"], "images SET args = '[]'"),
    ("images SET name = 'a b'", ["images", "name", "a b"], "images SET name = 'coreos'"),
    ("images SET revision = -1", ["images", "revision", "coreos"], "images SET revision = 1"),
    (
        "images SET templates = '{\"x\":\"y\"}'",
        ["images", "templates", "coreos"],
        "images SET templates = '{}'",
    ),
    ("machines SET uuid = 'x'", ["machines", "uuid", "web-1.example.org"], "machines SET uuid = NULL"),
    ("machines SET image = ''", ["machines", "image", "web-1.example.org"], "machines SET image = NULL"),
    ("machines SET labels = '[]'", ["machines", "labels", "web-1.example.org"], "machines SET labels = '{}'"),
    (
        "machine_macs SET mac = 'zz' WHERE position = 0",
        ["machine_macs", "mac", "zz"],
        "machine_macs SET mac = '02:00:00:00:00:00' WHERE position = 0",
    ),
    (
        "rules SET selector = '{\"colour\":[\"red\"]}'",
        ["rules", "selector", "rack-1"],
        "rules SET selector = '{}'",
    ),
    ("templates SET kind = 'poem'", ["templates", "kind", "linux"], "templates SET kind = 'ipxe'"),
    ("templates SET head = 99", ["templates", "head", "linux"], "templates SET head = 1"),
    ("templates SET head = -1", ["templates", "head", "linux"], "templates SET head = 1"),
];

/// SQLite keeps what it is given, whatever the type of the column.
const SQLITE_CASES: [(&str, [&str; 3], &str); 2] = [
    ("rules SET priority = 'high'", ["rules", "priority", "rack-1"], "rules SET priority = 1"),
    ("images SET kernel = x'ff'", ["images", "kernel", "coreos"], "images SET kernel = NULL"),
];

async fn named_by_table_column_and_row(database: Database) {
    let store = database.store().await;
    let all = [
        Change::Image(image()),
        Change::Template(template("a")),
        Change::Machine(machine()),
        Change::Rule(rule()),
    ];
    put_all(&store, &all).await;
    let own = if database.is_sqlite() { &SQLITE_CASES[..] } else { &[] };
    for (broken, bad, mended) in CASES.iter().chain(own) {
        database.execute(&format!("UPDATE {broken}")).await;
        let error = store.changes_since(0).await.unwrap_err();
        assert_bad(&error, *bad);
        database.execute(&format!("UPDATE {mended}")).await;
        store.changes_since(0).await.unwrap();
    }
}

async fn revision_row(database: Database) {
    let store = database.store().await;
    database.execute("UPDATE catalog_revision SET revision = -5").await;
    assert_bad(&store.revision().await.unwrap_err(), ["catalog_revision", "revision", "1"]);
    database.execute("DELETE FROM catalog_revision").await;
    assert_bad(&store.revision().await.unwrap_err(), ["catalog_revision", "id", "1"]);
}

async fn template_history(database: Database) {
    let store = database.store().await;
    put_all(&store, &[Change::Template(template("a"))]).await;
    database.execute("UPDATE template_revisions SET kind = 'poem'").await;
    let error = store.template_source(&name("linux"), 1).await.unwrap_err();
    assert_bad(&error, ["template_revisions", "kind", "linux 1"]);
    database.execute("UPDATE template_revisions SET number = -1").await;
    let error = store.template_revisions(&name("linux"), None, 9).await.unwrap_err();
    assert_bad(&error, ["template_revisions", "number", "linux"]);
}

fn assert_bad(error: &StoreError, expected: [&str; 3]) {
    match error {
        StoreError::BadRow { table, column, row, problem } => {
            assert_eq!([table, column.as_str(), row.as_str()], expected);
            assert!(!problem.is_empty());
        }
        other => panic!("{expected:?}: {other:?}"),
    }
}
