//! Many writers, several replicas.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinSet;

use super::database::Database;
use super::samples::{machine_named, put, since};

contract!(writers_come_one_after_another, replicas_migrate_together);

const WRITERS: u64 = 8;
const WRITES: u64 = 20;

async fn writers_come_one_after_another(database: Database) {
    // Two replicas: within one, writers queue before the database is asked.
    let replicas = [database.store().await, database.connect().await];
    let done = Arc::new(AtomicBool::new(false));
    let follower = tokio::spawn({
        let (store, done) = (database.connect().await, Arc::clone(&done));
        async move {
            let (mut known, mut seen) = (0, Vec::new());
            loop {
                let last = done.load(Ordering::SeqCst);
                let news = store.changes_since(known).await.unwrap();
                for stamped in news.changes {
                    assert!(stamped.revision > known && stamped.revision <= news.revision);
                    seen.push(stamped.revision);
                }
                known = news.revision;
                if last {
                    return seen;
                }
            }
        }
    });
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = replicas[usize::from(writer % 2 == 1)].clone();
        writers.spawn(async move {
            let mut revisions = Vec::new();
            for i in 0..WRITES {
                let change =
                    machine_named(&format!("w{writer}-{i}"), &format!("52:54:00:00:{writer:02x}:{i:02x}"));
                revisions.push(put(&store, &change).await.revision);
            }
            revisions
        });
    }
    let revisions: BTreeSet<u64> = writers.join_all().await.into_iter().flatten().collect();
    done.store(true, Ordering::SeqCst);
    let all: Vec<u64> = (1..=WRITERS * WRITES).collect();
    assert_eq!(revisions.into_iter().collect::<Vec<_>>(), all);
    let mut seen = follower.await.unwrap();
    seen.sort_unstable();
    assert_eq!(seen, all, "a follower sees every change once");
    assert_eq!(since(&replicas[0], 0).await.changes.len(), all.len());
}

async fn replicas_migrate_together(database: Database) {
    let mut replicas = JoinSet::new();
    for i in 0..6 {
        let database = database.clone();
        replicas.spawn(async move {
            let store = database.store().await;
            put(&store, &machine_named(&format!("m{i}"), &format!("52:54:00:00:00:0{i}"))).await.revision
        });
    }
    let mut revisions = replicas.join_all().await;
    revisions.sort_unstable();
    assert_eq!(revisions, [1, 2, 3, 4, 5, 6]);
}
