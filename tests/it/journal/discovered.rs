//! `machine discovered`, and `machine register --discovered`.

use super::room::{Room, field};
use crate::store::database::on_postgres;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_asked_is_listed_until_it_is_registered() {
    let room = Room::start().await;
    listed_until_registered(&room).await;
    let dir = room.app.stop().await;
    let room = Room::in_dir(dir, &[]).await;
    let list = room.json("machine discovered").await;
    assert_eq!(field(&list, "serial"), ["XYZ"], "the database has it after a restart");
    assert_eq!(list[0]["count"], 1);
    room.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_several_servers_heard_is_added_up() {
    on_postgres("journal::what_several_servers_heard_is_added_up", |database| async move {
        let settings = [("database.url", database.url.as_str()), ("snapshot.file", "")];
        let room = Room::with(&settings).await;
        let other = Room::in_dir(tempfile::TempDir::new().unwrap(), &settings).await;
        for room in [&room, &other] {
            room.get("/ipxe?mac=52-54-00-00-00-09").await;
            room.until_metric("journal_written_total", |written| written >= 1).await;
        }
        for room in [&room, &other] {
            assert_eq!(room.json("machine discovered").await[0]["count"], 2);
        }
        listed_until_registered(&room).await;
        other.app.stop().await;
        room.app.stop().await;
    })
    .await;
}

async fn listed_until_registered(room: &Room) {
    let uuid = "4c4c4544-0042-3510-8052-b4c04f4d3532";
    room.get(&format!("/ipxe?mac=52-54-00-00-00-02&uuid={uuid}&serial=ABC&product=R640")).await;
    room.get("/ipxe?mac=52-54-00-00-00-02").await;
    next_millisecond().await;
    // Placeholders of firmware identify no machine.
    room.get("/ipxe?uuid=00000000-0000-0000-0000-000000000000&serial=XYZ").await;
    room.get("/ipxe?serial=Not%20Specified").await;
    room.get("/ipxe?mac=52-54-00-00-00-01").await;
    room.get("/boot.ipxe").await;

    let list = room.json("machine discovered").await;
    let list: Vec<_> =
        list.as_array().unwrap().iter().filter(|row| row["mac"] != "52:54:00:00:00:09").collect();
    assert_eq!(list.len(), 2, "{list:?}");
    let (last, first) = (list[0], list[1]);
    assert_eq!((last["serial"].as_str(), last["uuid"].as_str()), (Some("XYZ"), None));
    assert_eq!(first["mac"], "52:54:00:00:00:02");
    assert_eq!(first["uuid"], uuid, "what an earlier request said is kept");
    assert_eq!(first["product"], "R640");
    assert_eq!((first["count"].as_u64(), first["outcome"].as_str()), (Some(2), Some("held")));
    assert!(first["first"].as_str() <= first["last"].as_str());

    let run = room.run("machine register web-2 --discovered 5254.0000.0002 --image demo").await;
    assert_eq!(run.exit, 0, "{run:?}");
    let machine = room.json("machine get web-2").await;
    assert_eq!(machine["macs"][0], "52:54:00:00:00:02");
    assert_eq!((machine["uuid"].as_str(), machine["serial"].as_str()), (Some(uuid), Some("ABC")));
    let left = field(&room.json("machine discovered").await, "mac");
    assert!(!left.contains(&"52:54:00:00:00:02".to_owned()), "{left:?}");
    let gone = room.run("machine register web-3 --discovered 52:54:00:00:00:02").await;
    assert_eq!(gone.exit, 3, "{gone:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_are_listed_than_are_configured() {
    let room = Room::with(&[("journal.discovered", "10")]).await;
    for i in 0..40 {
        if i == 39 {
            next_millisecond().await;
        }
        room.get(&format!("/ipxe?mac=52-54-00-00-01-{i:02x}")).await;
    }
    let listed = field(&room.json("machine discovered").await, "mac");
    assert!(listed.len() <= 10, "{listed:?}");
    assert_eq!(listed[0], "52:54:00:00:01:27", "the one that asked last is there");
    room.app.stop().await;
}

/// Who asked last is told by the time, which is kept in milliseconds.
async fn next_millisecond() {
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
}
