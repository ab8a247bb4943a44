//! The journal's tables.

use std::sync::Arc;

use pxe_init::domain::{
    Asked, BootFilter, BootId, BootRecord, Change, Discovered, Facts, Kind, Outcome, Replica, Timestamp,
};

use super::database::Database;
use super::samples::{image, put_all};

contract!(
    records_come_back_as_they_were,
    a_write_that_is_repeated_changes_nothing,
    what_is_too_old_or_too_much_goes_in_pieces,
    discoveries_add_up,
    the_catalog_does_not_notice,
    servers_that_write_at_once_do_not_block_each_other,
);

fn record(at: i64, mac: u8) -> BootRecord {
    let facts = Facts {
        mac: Some(format!("52:54:00:00:00:{mac:02x}").parse().unwrap()),
        serial: Some("Ser'ial \"1\" ü\\".to_owned()),
        ip: Some("192.0.2.1".parse().unwrap()),
        ..Facts::default()
    };
    let replica = Replica { name: "a:1".into(), program: "0.1.0 00".into(), settings: "11".into() };
    BootRecord {
        id: BootId::new(Timestamp(at), mac.into()),
        at: Timestamp(at),
        facts: Arc::new(facts),
        client: "192.0.2.1".parse().unwrap(),
        asked: Asked::Document(Kind::Ipxe),
        outcome: Outcome::Failed,
        machine: Some("web-1".parse().unwrap()),
        rule: None,
        image: Some("coreos".parse().unwrap()),
        template: Some("own@3".into()),
        revision: 7,
        sha256: [171; 32],
        bytes: 1 << 40,
        incident: Some("0A0B0C0D".into()),
        problem: Some("line 1\nline \"2\"".into()),
        micros: 12,
        base_url: "http://boot:8080".into(),
        replica: Arc::new(replica),
    }
}

fn discovered(at: i64, mac: u8) -> Discovered {
    Discovered::of(&BootRecord { machine: None, ..record(at, mac) }).unwrap()
}

async fn records_come_back_as_they_were(database: Database) {
    let store = database.store().await;
    let full = record(1_700_000_000_000, 1);
    let bare = BootRecord {
        facts: Facts::default().into(),
        asked: Asked::Script,
        machine: None,
        image: None,
        template: None,
        incident: None,
        problem: None,
        ..record(1_700_000_000_001, 2)
    };
    let nul = BootRecord { problem: Some("a\0b".into()), ..record(1_700_000_000_002, 3) };
    store.add_boots([&full, &bare, &nul], &[]).await.unwrap();
    let list = store.boots(&BootFilter::default(), None, 10).await.unwrap();
    let nul = BootRecord { problem: Some("a\u{fffd}b".into()), ..nul };
    assert_eq!(list, [nul, bare.clone(), full.clone()], "the newest first");
    assert_eq!(store.boot(full.id).await.unwrap(), Some(full.clone()));
    assert_eq!(store.boot(BootId::first_at(Timestamp(1))).await.unwrap(), None);
    assert_eq!(store.boots(&BootFilter::default(), Some(bare.id), 10).await.unwrap(), [full]);
}

async fn a_write_that_is_repeated_changes_nothing(database: Database) {
    let store = database.store().await;
    let (first, second) = (record(1_000, 1), record(2_000, 2));
    store.add_boots([&first], &[]).await.unwrap();
    let other = BootRecord { micros: 99, ..first.clone() };
    store.add_boots([&other, &second], &[]).await.unwrap();
    assert_eq!(store.boots(&BootFilter::default(), None, 10).await.unwrap(), [second, first]);
}

async fn what_is_too_old_or_too_much_goes_in_pieces(database: Database) {
    let store = database.store().await;
    let records: Vec<_> = (0..1_500).map(|i| record(1_000 + i, 1)).collect();
    store.add_boots(&records, &[]).await.unwrap();
    let oldest = |at| BootId::first_at(Timestamp(at));
    assert_eq!(store.boots_expired(oldest(500), 1_500).await.unwrap(), None);
    assert_eq!(store.boots_expired(oldest(500), u64::MAX).await.unwrap(), None);
    assert_eq!(store.boots_expired(oldest(1_003), 9_999).await.unwrap(), Some(records[2].id), "by age");
    assert_eq!(store.boots_expired(oldest(1_003), 1_490).await.unwrap(), Some(records[9].id), "by count");
    let expired = store.boots_expired(oldest(0), 100).await.unwrap().unwrap();
    let mut pieces = Vec::new();
    loop {
        match store.purge_boots(expired).await.unwrap() {
            0 => break,
            some => pieces.push(some),
        }
    }
    assert_eq!(pieces, [1_000, 400]);
    let left = store.boots(&BootFilter::default(), None, 10_000).await.unwrap();
    assert_eq!(left.len(), 100);
    assert_eq!(left.last(), Some(&records[1_400]));
}

async fn discoveries_add_up(database: Database) {
    let store = database.store().await;
    let later = Discovered { uuid: None, serial: None, count: 2, ..discovered(3_000, 1) };
    store.add_boots([], &[discovered(1_000, 1), discovered(2_000, 2)]).await.unwrap();
    store.add_boots([], std::slice::from_ref(&later)).await.unwrap();
    let sum = Discovered { first: Timestamp(1_000), serial: discovered(1_000, 1).serial, count: 3, ..later };
    assert_eq!(store.discovered(10).await.unwrap(), [sum.clone(), discovered(2_000, 2)]);
    assert_eq!(store.discovered(1).await.unwrap(), std::slice::from_ref(&sum));
    assert_eq!(store.purge_discovered(Timestamp(0), 2).await.unwrap(), 0);
    assert_eq!(store.purge_discovered(Timestamp(0), 1).await.unwrap(), 1);
    assert_eq!(store.discovered(10).await.unwrap(), [sum]);
    assert_eq!(store.purge_discovered(Timestamp(3_001), 10).await.unwrap(), 1);
}

async fn the_catalog_does_not_notice(database: Database) {
    let store = database.store().await;
    put_all(&store, &[Change::Image(image())]).await;
    let before = store.state().await.unwrap();
    // While a write to the catalog is open: on Postgres the journal does not wait for it.
    let open = store.begin(&super::samples::actor(), Timestamp(1)).await.unwrap();
    let records: Vec<_> = (0..10).map(|i| record(1_000 + i, 1)).collect();
    let found = [discovered(1, 1)];
    let written = store.add_boots(&records, &found);
    if database.is_sqlite() {
        let waits = tokio::time::timeout(std::time::Duration::from_millis(300), written).await;
        assert!(waits.is_err(), "SQLite has one writer");
        open.rollback().await.unwrap();
        store.add_boots(&records, &found).await.unwrap();
    } else {
        written.await.unwrap();
        open.rollback().await.unwrap();
    }
    assert_eq!(store.state().await.unwrap(), before);
    let audit = database.query("SELECT COUNT(*) AS number FROM audit", &["number"]).await;
    assert_eq!(audit, [["1"]]);
}

async fn servers_that_write_at_once_do_not_block_each_other(database: Database) {
    let stores = [database.store().await, database.store().await];
    let mut tasks = tokio::task::JoinSet::new();
    for (server, store) in stores.into_iter().enumerate() {
        tasks.spawn(async move {
            for round in 0..10_i64 {
                let at = 10_000 * (server as i64 + 1) + round * 100;
                let records: Vec<_> = (0..50).map(|i| record(at + i, 1)).collect();
                let mut found: Vec<_> = (0..50_u8).map(|mac| discovered(at, mac)).collect();
                if server == 1 {
                    found.reverse();
                }
                store.add_boots(&records, &found).await.unwrap();
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let store = database.connect().await;
    assert_eq!(store.boots(&BootFilter::default(), None, 10_000).await.unwrap().len(), 1_000);
    let found = store.discovered(100).await.unwrap();
    assert_eq!((found.len(), found.iter().map(|one| one.count).sum::<u64>()), (50, 1_000));
}
