//! A server that is killed while it writes.

use std::collections::BTreeSet;
use std::time::Duration;

use pxe_init::snapshot_file::{SnapshotFile, Unusable};
use pxe_init::store::Options;
use tempfile::TempDir;

use super::site::{Site, known, server, stored, until};
use super::writes::Writes;
use crate::process::Process;
use crate::store::database::{Database, on_postgres, on_sqlite};

const ROUNDS: u64 = 4;

/// Machines boot from the other server meanwhile.
async fn killed_while_it_writes(database: Database) {
    let other = server(&database.url).await;
    other.image("demo", |_| ()).await;
    other.machine("node1", "52:54:00:00:00:01", |machine| machine.image = "demo".into()).await;
    let site = Site::of(vec![other]).await;
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("y.snapshot").display().to_string();
    let file = SnapshotFile::new(&path, Options::new(&database.url).place());
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let mut process = Process::start_unread(&database.url, &["--snapshot-file", &path], &[]);
        let writes = Writes::to(process.grpc, true);
        until("writes are acknowledged", || async { writes.counts().0 >= 20 }).await;
        tokio::time::sleep(Duration::from_millis(round * 371 % 1200)).await;
        process.kill();
        acknowledged.extend(writes.end().await.acknowledged);
        let stored = stored(&database.url).await;
        let lost: Vec<_> = acknowledged.difference(&stored).collect();
        assert!(lost.is_empty(), "round {round}: {} acknowledged writes are lost: {lost:?}", lost.len());
        match file.read() {
            Ok((_, changes)) => assert!(changes.changes.len() > 1, "round {round}"),
            Err(Unusable::Absent) if round == 0 => {}
            Err(problem) => panic!("round {round}: the snapshot file: {problem}"),
        }
    }
    assert!(file.read().is_ok(), "it was written at least once in {ROUNDS} rounds");
    until("the other server knows them all", || async {
        acknowledged.is_subset(&known(&site.servers[0]).await)
    })
    .await;
    site.settle(&database.url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_writes_to_postgres() {
    on_postgres("killed_while_it_writes_to_postgres", killed_while_it_writes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_writes_to_sqlite() {
    on_sqlite(killed_while_it_writes).await;
}
