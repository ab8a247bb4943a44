//! What happens to an SQLite file.

use std::fs;

use sea_orm::{ConnectOptions, ConnectionTrait, Database as SeaOrm};

use super::site::{Site, until};
use crate::store::database::on_sqlite;

/// As a backup that goes wrong: it holds the lock, and nobody else can write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locked_by_another_process() {
    on_sqlite(|database| async move {
        let site = Site::on(&database.url).await;
        site.is_well().await;
        let other =
            SeaOrm::connect(ConnectOptions::new(&database.url).max_connections(1).to_owned()).await.unwrap();
        until("the lock is there", || async { other.execute_unprepared("BEGIN IMMEDIATE").await.is_ok() })
            .await;
        site.refuses_writes().await;
        other.execute_unprepared("ROLLBACK").await.unwrap();
        site.is_well().await;
        site.settle(&database.url).await;
    })
    .await;
}

/// A write into a file that has no name any more would be acknowledged, and lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn taken_away_and_brought_back() {
    on_sqlite(|database| async move {
        let site = Site::on(&database.url).await;
        site.is_well().await;
        let file = database.url.strip_prefix("sqlite://").unwrap().split('?').next().unwrap();
        let names = ["", "-wal", "-shm"].map(|end| (format!("{file}{end}"), format!("{file}.away{end}")));
        for (here, away) in &names {
            fs::rename(here, away).unwrap();
        }
        site.is_cut_off().await;
        assert!(!fs::exists(file).unwrap(), "nothing was put in its place");
        // The file itself comes last: whoever finds it must find the rest.
        for (here, away) in names.iter().rev() {
            fs::rename(away, here).unwrap();
        }
        site.is_well().await;
        site.settle(&database.url).await;
    })
    .await;
}
