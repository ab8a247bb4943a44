//! What was stored can not be read, or is not what it was: what is served stays, or becomes all that is stored.

use super::{replica, until_metrics_say};
use crate::store::database::{Database, on_postgres, on_sqlite};
use crate::store::restored::go_back;

async fn a_bad_row_stops_nothing_and_is_told(database: Database) {
    let (one, two) = (replica(&database).await, replica(&database).await);
    one.image("demo", |_| ()).await;
    one.machine("node1", "52:54:00:00:00:01", |machine| machine.image = "demo".into()).await;
    let is_known = |reply: &crate::app::Reply| reply.body.contains("\"machines\":1");
    two.until("the machine is known", is_known).await;
    let served = two.get("/ipxe?mac=52-54-00-00-00-01").await;
    let bump = "UPDATE catalog_revision SET revision = revision + 1";
    let stamp = "revision = (SELECT revision FROM catalog_revision)";
    database.execute(bump).await;
    database.execute(&format!("UPDATE machines SET labels = '[]', {stamp}")).await;
    for server in [&one, &two] {
        let says = |reply: &crate::app::Reply| {
            reply.status == 200 && reply.body.contains("\"stale\":true") && reply.body.contains("node1")
        };
        server.until("it says which row is bad", says).await;
        let ready = server.get("/ready").await.body;
        assert!(ready.contains("machines") && ready.contains("labels"), "{ready}");
        let metrics = server.get("/metrics").await.body;
        assert!(!metrics.contains("pxe_init_reload_failures_total 0\n"), "{metrics}");
        assert!(metrics.contains("pxe_init_snapshot_stale 1\n"), "{metrics}");
    }
    let still = two.get("/ipxe?mac=52-54-00-00-00-01").await;
    assert_eq!((still.status, &still.body), (200, &served.body), "the last good catalog is served");
    database.execute("UPDATE machines SET labels = '{}'").await;
    for server in [&one, &two] {
        server.until("it is mended", |reply| reply.body.contains("\"stale\":false")).await;
    }
    one.stop().await;
    two.stop().await;
}

/// While the server runs, and before it looks again.
async fn a_restored_backup_that_was_written_to_is_loaded_whole(database: Database) {
    let server = replica(&database).await;
    server.image("demo", |_| ()).await;
    let store = database.connect().await;
    let backup = store.state().await.unwrap();
    server.machine("gone", "52:54:00:00:00:01", |machine| machine.image = "demo".into()).await;
    let gone = "/ipxe?mac=52-54-00-00-00-01";
    assert_eq!(server.get(gone).await.header("x-pxe-init-outcome"), Some("rendered"));
    go_back(&database, &backup).await;
    for (name, mac) in [("new1", "52:54:00:00:00:02"), ("new2", "52:54:00:00:00:03")] {
        crate::store::samples::put(&store, &crate::store::samples::machine_named(name, mac)).await;
    }
    until_metrics_say(&server, "pxe_init_snapshot_revision 3\n").await;
    server.until("both are known", |reply| reply.body.contains("\"machines\":2")).await;
    assert_ne!(server.get(gone).await.header("x-pxe-init-outcome"), Some("rendered"));
    store.close().await;
    server.stop().await;
}

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::on_sqlite(super::$name).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::on_postgres(stringify!($name), super::$name).await;
            })+
        }
    };
}

on_both!(a_bad_row_stops_nothing_and_is_told, a_restored_backup_that_was_written_to_is_loaded_whole);
