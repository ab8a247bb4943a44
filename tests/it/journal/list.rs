//! From a request to `boots list` and `boots get`, in memory and in the database.

use sha2::{Digest, Sha256};

use super::room::{ASK, Room, field};
use crate::store::database::on_postgres;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_listed_with_all_that_decided_it() {
    let room = Room::start().await;
    assert_eq!(room.get("/boot.ipxe").await.status, 200);
    let reply = room.get(ASK).await;
    room.get("/ignition?mac=52-54-00-00-00-01").await;
    room.get("/ipxe?mac=52-54-00-00-00-02").await;
    // Refused, and so left to the log.
    room.get("/ipxe?mac=zz").await;

    let list = room.json("boots list").await;
    assert_eq!(field(&list, "kind"), ["ipxe", "ignition", "ipxe", "boot.ipxe"], "the newest first");
    assert_eq!(field(&list, "outcome"), ["held", "no-template", "rendered", "rendered"]);
    assert_eq!(field(&list, "machine"), ["-", "web-1", "web-1", "-"]);
    let boot = &list[2];
    assert_eq!(boot["image"], "demo");
    assert_eq!(boot["template"], "linux@built-in");
    assert_eq!(boot["revision"], 2);
    assert_eq!(boot["client"], "127.0.0.1");
    assert_eq!(boot["facts"]["product"], "R640");
    assert_eq!(boot["facts"]["mac"], "52:54:00:00:00:01");
    assert_eq!(boot["base_url"], format!("http://{}", room.app.http));
    let digest: String = Sha256::digest(&reply.body).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(boot["sha256"], digest);
    assert_eq!(boot["bytes"], reply.body.len());
    let problem = "no template of kind ignition is named by machine web-1, image demo";
    assert_eq!(list[1]["problem"], problem);

    let got = room.json(&format!("boots get {}", boot["id"].as_str().unwrap())).await;
    assert_eq!(got, *boot);
    let id = boot["id"].as_str().unwrap();
    let people = room.run(&format!("boots get {id}")).await.stdout;
    assert!(
        people.contains(&format!("id                 {id}")) && people.contains("facts.product"),
        "{people}"
    );
    assert_eq!(room.run("boots get 0000000000000000").await.exit, 3);
    let wrong = room.run("boots get 123").await;
    assert_eq!(wrong.exit, 4);
    assert!(wrong.stderr.contains("\"123\" is no number of a boot"), "{wrong:?}");
    room.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_hold_alike_in_memory_and_in_the_database() {
    let room = Room::start().await;
    filters(&room).await;
    room.until_metric("journal_waiting", |waiting| waiting == 0).await;
    // With a memory of one record, all but the newest comes from the database.
    let dir = room.app.stop().await;
    let room = Room::in_dir(dir, &[("journal.recent", "1")]).await;
    let counts = counts(&room).await;
    assert_eq!(counts, COUNTS.map(|(_, count)| count), "after a restart");
    let pages = room.json("boots list --limit 3").await;
    assert_eq!(pages.as_array().unwrap().len(), 3);
    room.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters_hold_on_postgres() {
    on_postgres("journal::filters_hold_on_postgres", |database| async move {
        let room = Room::with(&[("database.url", &database.url), ("snapshot.file", "")]).await;
        filters(&room).await;
        room.until_metric("journal_written_total", |written| written == 6).await;
        let other = Room::in_dir(
            tempfile::TempDir::new().unwrap(),
            &[("database.url", &database.url), ("snapshot.file", "")],
        )
        .await;
        assert_eq!(counts(&other).await, COUNTS.map(|(_, count)| count), "on another server");
        other.app.stop().await;
        room.app.stop().await;
    })
    .await;
}

/// Options of `boots list`, and how many they leave of what [`filters`] asks.
const COUNTS: [(&str, usize); 17] = [
    ("", 6),
    ("--machine web-1", 3),
    ("--machine web-2", 0),
    ("--mac 5254.0000.0001", 3),
    ("--mac 52:54:00:00:00:02 --outcome held", 1),
    ("--uuid 4c4c4544-0042-3510-8052-b4c04f4d3532", 1),
    ("--serial ABC", 1),
    ("--serial abc", 0),
    ("--client 127.0.0.1", 6),
    ("--client 192.0.2.1", 0),
    ("--kind boot.ipxe", 1),
    ("--kind ipxe --outcome rendered", 1),
    ("--template linux", 1),
    ("--template linux@built-in", 1),
    ("--template Linux", 0),
    ("--image demo --since 1h", 3),
    ("--until 1h", 0),
];

async fn filters(room: &Room) {
    for path in [
        "/boot.ipxe",
        ASK,
        "/ignition?mac=52-54-00-00-00-01",
        "/cloud-init/52-54-00-00-00-01/meta-data",
        "/ipxe?mac=52-54-00-00-00-02",
        "/ipxe?uuid=4c4c4544-0042-3510-8052-b4c04f4d3532&serial=ABC",
    ] {
        room.get(path).await;
    }
    assert_eq!(counts(room).await, COUNTS.map(|(_, count)| count), "in memory");
}

async fn counts(room: &Room) -> Vec<usize> {
    let mut counts = Vec::new();
    for (options, _) in COUNTS {
        counts.push(room.json(&format!("boots list {options}")).await.as_array().unwrap().len());
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_follow_each_other_without_gaps() {
    let room = Room::start().await;
    for _ in 0..25 {
        room.get(ASK).await;
    }
    let mut journal = journal(&room).await;
    let mut ids = Vec::new();
    let mut token = String::new();
    loop {
        let request = pxe_init::proto::pxe_init::ListBootsRequest {
            page_size: 10,
            page_token: token,
            ..Default::default()
        };
        let page = journal.list_boots(request).await.unwrap().into_inner();
        assert!(page.memory_only.is_empty());
        ids.extend(page.boots.into_iter().map(|boot| boot.id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let mut sorted = ids.clone();
    sorted.sort_by(|a, b| b.cmp(a));
    sorted.dedup();
    assert_eq!((ids.len(), &ids), (25, &sorted));
    room.app.stop().await;
}

async fn journal(
    room: &Room,
) -> pxe_init::proto::pxe_init::journal_service_client::JournalServiceClient<tonic::transport::Channel> {
    pxe_init::proto::pxe_init::journal_service_client::JournalServiceClient::new(room.app.channel().await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_journal_says_so() {
    let room = Room::with(&[("journal.enabled", "false")]).await;
    assert_eq!(room.get(ASK).await.status, 200);
    let run = room.run("boots list").await;
    assert_eq!(run.exit, 4);
    assert!(run.stderr.contains("journal.enabled is false"), "{run:?}");
    room.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_much_is_purged() {
    let room = Room::start().await;
    for _ in 0..30 {
        room.get(ASK).await;
    }
    room.until_metric("journal_written_total", |written| written == 30).await;
    let newest = field(&room.json("boots list --limit 10").await, "id");
    let dir = room.app.stop().await;
    let room = Room::in_dir(dir, &[("journal.max_rows", "10")]).await;
    for _ in 0..600 {
        if room.json("boots list").await.as_array().unwrap().len() == 10 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(field(&room.json("boots list").await, "id"), newest);
    room.app.stop().await;
}
