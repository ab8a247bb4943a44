//! Several servers on one database: what one registers, the others know at once.

mod damaged;

use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::app::TestApp;
use crate::store::database::{Database, on_postgres, on_sqlite};

/// The poll alone would take half a second on average, and a whole one as often as not in a row of writes.
const SOON: Duration = Duration::from_millis(400);

const ROUNDS: u32 = 9;

const LISTENING: &str = "pxe_init_feed_listening 1\n";

pub(crate) async fn replica(database: &Database) -> TestApp {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("x.snapshot").display().to_string();
    TestApp::in_dir(dir, &[("database.url", &database.url), ("snapshot.file", &file)]).await
}

pub(crate) async fn until_metrics_say(app: &TestApp, line: &str) {
    let begun = Instant::now();
    while !app.get("/metrics").await.body.contains(line) {
        assert!(begun.elapsed() < Duration::from_secs(15), "no {line} in {}", app.get("/metrics").await.body);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The median time from the answer of one server to the knowledge of the other.
async fn delay(writer: &TestApp, reader: &TestApp, first: u32) -> Duration {
    let mut delays = Vec::new();
    for i in first..first + ROUNDS {
        let mac = format!("52:54:00:00:00:{i:02x}");
        writer.machine(&format!("node{i}"), &mac, |machine| machine.image = "demo".into()).await;
        let ask = format!("/ipxe?mac={}", mac.replace(':', "-"));
        let known =
            async |app: &TestApp| app.get(&ask).await.header("x-pxe-init-outcome") == Some("rendered");
        assert!(known(writer).await, "who wrote knows before the call returns");
        let begun = Instant::now();
        while !known(reader).await {
            assert!(begun.elapsed() < Duration::from_secs(15), "node{i} is not known in 15 s");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        delays.push(begun.elapsed());
    }
    delays.sort();
    delays[delays.len() / 2]
}

async fn two_follow_each_other(database: Database) {
    let (one, two) = (replica(&database).await, replica(&database).await);
    one.image("demo", |_| ()).await;
    for app in [&one, &two] {
        until_metrics_say(app, LISTENING).await;
    }
    for (first, writer, reader) in [(10, &one, &two), (30, &two, &one)] {
        let median = delay(writer, reader, first).await;
        assert!(median < SOON, "{median:?}");
    }
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_on_postgres_follow_each_other() {
    on_postgres("two_on_postgres_follow_each_other", two_follow_each_other).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_on_sqlite_follow_each_other() {
    on_sqlite(two_follow_each_other).await;
}

/// As when somebody ends the session, or a firewall forgets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_listens_no_more_polls_and_listens_again() {
    on_postgres("who_listens_no_more_polls_and_listens_again", |database| async move {
        let (one, two) = (replica(&database).await, replica(&database).await);
        one.image("demo", |_| ()).await;
        until_metrics_say(&two, LISTENING).await;
        let sessions = "SELECT count(pg_terminate_backend(pid)) AS n FROM pg_stat_activity \
                        WHERE datname = current_database() AND query LIKE 'LISTEN%'";
        let ended: usize = database.query(sessions, &["n"]).await[0][0].parse().unwrap();
        assert!(ended >= 1, "nobody listened");
        until_metrics_say(&two, "pxe_init_feed_listener_failures_total 1\n").await;
        // Well before the next try, or after it: known in any case.
        delay(&one, &two, 10).await;
        until_metrics_say(&two, LISTENING).await;
        let median = delay(&one, &two, 30).await;
        assert!(median < SOON, "{median:?}");
        assert!(
            two.get("/ready").await.body.contains("\"stale\":false"),
            "the database was there all the time"
        );
        one.stop().await;
        two.stop().await;
    })
    .await;
}
