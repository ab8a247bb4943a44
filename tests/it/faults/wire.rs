//! What happens between the servers and their Postgres.

use std::time::Duration;

use super::site::{Site, in_dir, server, until};
use super::writes::Writes;
use crate::away::{Proxy, Way};
use crate::store::database::on_postgres;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_stalled_and_cut_again_and_again() {
    on_postgres("cut_stalled_and_cut_again_and_again", |database| async move {
        let proxy = Proxy::before(&database, Way::Open).await;
        let site = Site::on(&proxy.url(&database)).await;
        for way in [Way::Cut, Way::Stalled] {
            site.is_well().await;
            proxy.set(way);
            site.is_cut_off().await;
            proxy.set(Way::Open);
        }
        site.is_well().await;
        // In the middle of whatever is on the way, commits among it.
        for i in 0..30 {
            proxy.set(Way::Cut);
            tokio::time::sleep(Duration::from_millis(1)).await;
            proxy.set(Way::Open);
            tokio::time::sleep(Duration::from_millis(37 + i * 7 % 90)).await;
        }
        site.is_well().await;
        site.settle(&database.url).await;
    })
    .await;
}

/// All servers of a room start before their database does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn started_from_the_file_before_the_database_is_there() {
    on_postgres("started_from_the_file_before_the_database_is_there", |database| async move {
        let proxy = Proxy::before(&database, Way::Open).await;
        let url = proxy.url(&database);
        let one = server(&url).await;
        one.image("demo", |_| ()).await;
        one.machine("node1", "52:54:00:00:00:01", |machine| machine.image = "demo".into()).await;
        let writes = Writes::to(one.grpc, false);
        until("some are registered", || async { writes.counts().0 >= 30 }).await;
        let acknowledged = writes.end().await.acknowledged;
        let dir = one.stop().await;

        proxy.set(Way::Cut);
        let one = in_dir(dir, &url).await;
        assert!(one.get("/ready").await.body.contains("\"from_file\":true"));
        let known = super::site::known(&one).await;
        assert!(acknowledged.is_subset(&known), "the file has not all that was acknowledged before the stop");
        let site = Site::of(vec![one]).await;
        site.is_cut_off().await;
        proxy.set(Way::Open);
        site.is_well().await;
        site.settle(&database.url).await;
    })
    .await;
}
