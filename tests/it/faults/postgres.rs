//! What happens to Postgres itself.

use std::time::Duration;

use super::cluster::Cluster;
use super::site::Site;

/// Longer than every limit of a server whose `database.timeout_seconds` is 1.
const FROZEN: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_at_once_and_started_again() {
    let Some(cluster) = Cluster::start("stopped_at_once_and_started_again") else { return };
    let site = Site::on(&cluster.url).await;
    site.is_well().await;
    cluster.crash();
    site.is_cut_off().await;
    cluster.start_again();
    site.is_well().await;
    site.settle(&cluster.url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarted_and_restarted() {
    let Some(cluster) = Cluster::start("restarted_and_restarted") else { return };
    let site = Site::on(&cluster.url).await;
    for _ in 0..3 {
        site.is_well().await;
        cluster.stop();
        cluster.start_again();
    }
    site.is_well().await;
    site.settle(&cluster.url).await;
}

/// As a machine that hangs, or pauses to be moved: connections stay, and nobody answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_and_thawed() {
    let Some(cluster) = Cluster::start("frozen_and_thawed") else { return };
    let site = Site::on(&cluster.url).await;
    site.is_well().await;
    cluster.signal_all("-STOP");
    tokio::join!(tokio::time::sleep(FROZEN), site.is_cut_off());
    cluster.signal_all("-CONT");
    site.is_well().await;
    site.settle(&cluster.url).await;
}

/// First the sessions alone, after which Postgres recovers by itself, then all of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed() {
    let Some(cluster) = Cluster::start("killed") else { return };
    let site = Site::on(&cluster.url).await;
    site.is_well().await;
    cluster.signal_sessions("-KILL");
    site.is_well().await;
    cluster.signal_all("-KILL");
    site.is_cut_off().await;
    cluster.start_again();
    site.is_well().await;
    site.settle(&cluster.url).await;
}
