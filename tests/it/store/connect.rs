//! Databases that can not be opened, or went away.

use std::error::Error;
use std::time::Duration;

use pxe_init::domain::Change;
use pxe_init::store::{Options, Store, StoreError};

use sea_orm::ConnectionTrait;

use super::database::Database;
use super::samples::{AT, actor, image, put};

contract!(closed_is_unavailable, waiting_for_a_turn_ends);

async fn closed_is_unavailable(database: Database) {
    let store = database.store().await;
    store.clone().close().await;
    let errors = [
        store.revision().await.map(|_| ()).unwrap_err(),
        store.changes_since(0).await.map(|_| ()).unwrap_err(),
        store.begin(&actor(), AT).await.map(|_| ()).unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    }
}

async fn waiting_for_a_turn_ends(database: Database) {
    database.store().await;
    let hurried = Options { acquire_timeout: Duration::from_secs(1), ..Options::new(&database.url) };
    let (ours, theirs) = (Store::connect(&hurried).await.unwrap(), Store::connect(&hurried).await.unwrap());
    let mut write = ours.begin(&actor(), AT).await.unwrap();
    // In this process and in another.
    for store in [&ours, &theirs] {
        let error = store.begin(&actor(), AT).await.map(|_| ()).unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        // Nobody keeps a reader waiting.
        assert_eq!(store.revision().await.unwrap(), 0);
    }
    write.put(&Change::Image(image()), "").await.unwrap();
    assert_eq!(write.commit().await.unwrap(), 1);
    assert_eq!(theirs.begin(&actor(), AT).await.unwrap().revision(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn survives_a_restart_of_postgres() {
    super::database::on_postgres("survives_a_restart_of_postgres", |database| async move {
        let store = database.store().await;
        let mut write = store.begin(&actor(), AT).await.unwrap();
        write.put(&Change::Image(image()), "").await.unwrap();
        let others = "datname = current_database() AND pid <> pg_backend_pid()";
        database
            .execute(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
            .await;
        let error = write.commit().await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        assert_eq!(store.revision().await.unwrap(), 0);
        assert_eq!(put(&store, &Change::Image(image())).await.revision, 1);
    })
    .await;
}

/// SQLite itself does not wait for the lock that the change to WAL takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waits_for_whoever_makes_the_file() {
    super::database::on_sqlite(|database| async move {
        let other = sea_orm::Database::connect(&database.url).await.unwrap();
        other.execute_unprepared("CREATE TABLE other (id INTEGER); BEGIN IMMEDIATE").await.unwrap();
        let opening = tokio::spawn({
            let database = database.clone();
            async move { database.store().await.revision().await.unwrap() }
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!opening.is_finished());
        other.execute_unprepared("COMMIT").await.unwrap();
        assert_eq!(opening.await.unwrap(), 0);
    })
    .await;
}

async fn refusal(url: &str) -> StoreError {
    let options = Options { acquire_timeout: Duration::from_secs(1), ..Options::new(url) };
    Store::connect(&options).await.map(|_| ()).unwrap_err()
}

#[tokio::test]
async fn says_why_a_file_can_not_be_opened() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().display();
    for (url, problem) in [
        (
            format!("sqlite://{path}/no/pxe.db?mode=rwc"),
            format!("the directory of {path}/no/pxe.db does not exist; create it"),
        ),
        (format!("sqlite://{path}?mode=rwc"), format!("{path} is a directory, where a file should be")),
        (
            format!("sqlite://{path}/pxe.db"),
            format!("{path}/pxe.db does not exist; add ?mode=rwc to the URL to create it"),
        ),
    ] {
        assert_eq!(refusal(&url).await.to_string(), format!("the database can not be used: {problem}"));
    }
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing was created");
    std::fs::write(directory.path().join("text"), "this is no database, whatever its name says; far from it")
        .unwrap();
    let error = refusal(&format!("sqlite://{path}/text?mode=rwc")).await;
    assert!(chain(&error).contains("not a database"), "{}", chain(&error));
}

#[tokio::test]
async fn refuses_wrong_addresses_without_showing_them() {
    for (url, problem) in [
        ("mysql://user:hunter2@db/x", "it begins with neither sqlite:// nor postgres://"),
        ("hunter2", "it begins with neither sqlite:// nor postgres://"),
        ("postgres://user:hunter2@db:port/x", "invalid port number"),
        ("postgres://user:hunter2@db/x?sslmode=perhaps", "unknown value \"perhaps\" for `ssl_mode`"),
        ("sqlite::memory:", "a database in memory forgets everything; name a file"),
        ("sqlite://x.db?mode=memory", "a database in memory forgets everything; name a file"),
    ] {
        let error = refusal(url).await;
        assert!(matches!(&error, StoreError::Address { .. }), "{error:?}");
        assert!(error.to_string().contains(problem), "{error}");
        assert!(!format!("{error:?} {}", chain(&error)).contains("hunter2"));
    }
}

#[tokio::test]
async fn postgres_that_is_not_there_is_unavailable() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = refusal(&format!("postgres://user:hunter2@127.0.0.1:{port}/x")).await;
    assert!(matches!(&error, StoreError::Unavailable { .. }), "{error:?}");
    let told = format!("the database is not available: 127.0.0.1:{port}: the connection failed");
    assert_eq!(error.to_string(), told, "and not that the pool ran out of time");
    assert!(!format!("{error:?} {}", chain(&error)).contains("hunter2"));
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
