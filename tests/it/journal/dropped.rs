//! What the journal has no place for is dropped and counted, and nobody waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pxe_init::domain::{Asked, Facts, Outcome, Replica, Timestamp};
use pxe_init::service::{Answered, Journal, JournalSettings};
use pxe_init::telemetry::{Metrics, Traces};

use super::room::{ASK, Room, field};
use crate::away::{Proxy, Way};
use crate::store::database::on_postgres;

fn journal(metrics: &Arc<Metrics>) -> Journal {
    let settings = JournalSettings {
        recent: 10,
        waiting: 10,
        keep: Duration::from_secs(60),
        max_rows: 10,
        discovered: 10,
    };
    let replica = Replica { name: "a".into(), program: "b".into(), settings: "c".into() };
    Journal::new(settings, replica, 0.5, metrics.clone())
}

fn answered(body: usize) -> Answered {
    Answered {
        at: Timestamp(1),
        facts: Facts::default().into(),
        client: "192.0.2.1".parse().unwrap(),
        asked: Asked::Script,
        outcome: Outcome::Rendered,
        machine: None,
        rule: None,
        image: None,
        template: None,
        revision: 1,
        body: vec![b'x'; body].into(),
        token: None,
        incident: None,
        problem: None,
        took: Duration::ZERO,
        base_url: "".into(),
    }
}

fn dropped(metrics: &Metrics, reason: &str) -> u64 {
    let text = metrics.encode();
    let start = format!("pxe_init_journal_dropped_total{{reason=\"{reason}\"}} ");
    let line = text.lines().find_map(|line| line.strip_prefix(&start));
    line.map_or(0, |count| count.parse().unwrap())
}

#[test]
fn a_queue_that_nobody_empties_drops_and_never_waits() {
    let metrics = Arc::new(Metrics::new(Arc::new(|| Timestamp(0)), Traces::default()));
    let journal = journal(&metrics);
    let begun = Instant::now();
    for _ in 0..20_000 {
        journal.record(answered(0));
    }
    // Microseconds each; whoever waits for anything takes far longer.
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(dropped(&metrics, "queue-full"), 20_000 - 16_384);
}

#[test]
fn bodies_that_wait_are_bounded_too() {
    let metrics = Arc::new(Metrics::new(Arc::new(|| Timestamp(0)), Traces::default()));
    let journal = journal(&metrics);
    for _ in 0..100 {
        journal.record(answered(1 << 20));
    }
    assert_eq!(dropped(&metrics, "bytes"), 100 - 64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_wait_for_a_database_that_is_away() {
    on_postgres("journal::records_wait_for_a_database_that_is_away", |database| async move {
        let proxy = Proxy::before(&database, Way::Open).await;
        let settings = [
            ("database.url", proxy.url(&database)),
            ("snapshot.file", String::new()),
            ("database.timeout_seconds", "1".to_owned()),
            ("journal.waiting", "20".to_owned()),
            ("journal.recent", "5".to_owned()),
        ];
        let settings = settings.each_ref().map(|(key, value)| (*key, value.as_str()));
        let room = Room::with(&settings).await;
        room.get(ASK).await;
        room.until_metric("journal_written_total", |written| written == 1).await;

        proxy.set(Way::Stalled);
        let is_stale =
            |stale: bool| move |reply: &crate::app::Reply| reply.body.contains(&format!("\"stale\":{stale}"));
        room.app.until("it is stale", is_stale(true)).await;
        for _ in 0..30 {
            assert_eq!(room.get(ASK).await.status, 200);
        }
        let away = room.run("boots list -o json").await;
        assert!(away.stderr.contains("only what this server has in memory"), "{away:?}");
        let ids = field(&serde_json::from_str(&away.stdout).unwrap(), "id");
        assert_eq!(ids.len(), 20, "those that wait");
        let discovered = room.run("machine discovered").await;
        assert_eq!(discovered.exit, 0, "{discovered:?}");
        let replay = room.run(&format!("boots replay {}", ids[0])).await;
        assert_eq!(replay.exit, 0, "what is current is replayed from memory: {replay:?}");
        let metrics = room.get("/metrics").await.body;
        assert!(metrics.contains("pxe_init_journal_dropped_total{reason=\"waiting\"} 10"), "{metrics}");
        assert_eq!(room.metric("journal_waiting").await, 20);

        proxy.set(Way::Open);
        room.app.until("it is back", is_stale(false)).await;
        room.until_metric("journal_waiting", |waiting| waiting == 0).await;
        let list = room.run("boots list -o json").await;
        assert!(!list.stderr.contains("memory"), "{list:?}");
        let stored = field(&serde_json::from_str(&list.stdout).unwrap(), "id");
        assert_eq!((stored.len(), &stored[..20]), (21, &ids[..]));
        room.app.stop().await;
    })
    .await;
}
