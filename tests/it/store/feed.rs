//! Following the catalog by its revision.

use pxe_init::domain::{Change, Changes, Mac, Name, Noun};

use super::database::Database;
use super::samples::{delete, image, machine, machine_named, put, put_all, rule, since, sorted, template};

contract!(
    empty_database,
    only_what_is_newer,
    tombstones,
    deleted_then_recreated,
    last_change_only,
    beyond_the_end,
    twenty_thousand_machines,
);

async fn empty_database(database: Database) {
    let store = database.store().await;
    assert_eq!(store.revision().await.unwrap(), 0);
    assert_eq!(since(&store, 0).await, Changes::default());
}

async fn only_what_is_newer(database: Database) {
    let store = database.store().await;
    let first = put(&store, &Change::Image(image())).await;
    let second = put_all(&store, &[Change::Machine(machine()), Change::Rule(rule())]).await;
    let third = put(&store, &Change::Template(template("a"))).await;
    assert_eq!([first.revision, second[0].revision, second[1].revision, third.revision], [1, 2, 2, 3]);
    assert_eq!(since(&store, 2).await, Changes { revision: 3, changes: vec![third.clone()] });
    let mut newer = second;
    newer.push(third);
    assert_eq!(since(&store, 1).await, Changes { revision: 3, changes: sorted(newer.clone()) });
    newer.push(first);
    assert_eq!(since(&store, 0).await, Changes { revision: 3, changes: sorted(newer) });
}

async fn tombstones(database: Database) {
    let store = database.store().await;
    let all = [
        Change::Image(image()),
        Change::Template(template("a")),
        Change::Machine(machine()),
        Change::Rule(rule()),
    ];
    put_all(&store, &all).await;
    let gone: Vec<Change> = all.iter().map(|c| Change::Delete(c.noun(), c.name().clone())).collect();
    let stamped = put_all(&store, &gone).await;
    assert_eq!(stamped.iter().map(|s| s.change.clone()).collect::<Vec<_>>(), gone);
    assert_eq!(since(&store, 1).await, Changes { revision: 2, changes: sorted(stamped) });
    // Who knows nothing has nothing to forget.
    assert_eq!(since(&store, 0).await, Changes { revision: 2, changes: vec![] });
}

async fn deleted_then_recreated(database: Database) {
    let store = database.store().await;
    put_all(&store, &[Change::Image(image()), Change::Machine(machine())]).await;
    put_all(&store, &[delete(Noun::Image, "coreos"), delete(Noun::Machine, machine().name.as_str())]).await;
    let again = put_all(&store, &[Change::Image(image()), Change::Machine(machine())]).await;
    for revision in 0..3 {
        assert_eq!(since(&store, revision).await, Changes { revision: 3, changes: sorted(again.clone()) });
    }
}

async fn last_change_only(database: Database) {
    let store = database.store().await;
    put(&store, &machine_named("a", "52:54:00:00:00:01")).await;
    put(&store, &machine_named("a", "52:54:00:00:00:02")).await;
    let last =
        put_all(&store, &[machine_named("a", "52:54:00:00:00:03"), machine_named("a", "52:54:00:00:00:04")])
            .await;
    assert_eq!(since(&store, 0).await.changes, last[1..]);
    assert_eq!(since(&store, 1).await.changes, last[1..]);
}

/// As after a backup was restored.
async fn beyond_the_end(database: Database) {
    let store = database.store().await;
    put(&store, &Change::Image(image())).await;
    assert_eq!(since(&store, 7).await, Changes { revision: 1, changes: vec![] });
    assert_eq!(since(&store, u64::MAX).await, Changes { revision: 1, changes: vec![] });
}

async fn twenty_thousand_machines(database: Database) {
    let store = database.store().await;
    // As SQL that both databases know; through the store it would take a minute.
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT";
    database
        .execute(&format!(
            "INSERT INTO machines (name, revision, deleted, labels, params, image, templates) {numbers} \
             'm' || i, 1 + i / 5000, i % 100 = 0, '{{\"rack\":\"r' || i || '\"}}', '{{}}', 'coreos', '{{}}' FROM n"
        ))
        .await;
    for (position, prefix) in [(1, "52:54:00"), (0, "52:54:01")] {
        let digits = "CAST(100000 + i AS TEXT)";
        database
            .execute(&format!(
                "INSERT INTO machine_macs (mac, machine, position) {numbers} '{prefix}:' || substr({digits}, 1, 2) \
                 || ':' || substr({digits}, 3, 2) || ':' || substr({digits}, 5, 2), 'm' || i, {position} FROM n \
                 WHERE i % 100 <> 0"
            ))
            .await;
    }
    database.execute("UPDATE catalog_revision SET revision = 5").await;

    let expected = |i: u32| {
        let name: Name = format!("m{i}").parse().unwrap();
        let digits = (100_000 + i).to_string();
        let mac = |prefix: &str| -> Mac {
            format!("{prefix}:{}:{}:{}", &digits[..2], &digits[2..4], &digits[4..]).parse().unwrap()
        };
        let mut machine = pxe_init::domain::Machine::new(name);
        machine.macs = vec![mac("52:54:01"), mac("52:54:00")];
        machine.labels.insert("rack".to_owned(), format!("r{i}"));
        machine.image = Some("coreos".parse().unwrap());
        Change::Machine(machine)
    };
    let number = |change: &Change| change.name().as_str()[1..].parse::<u32>().unwrap();
    let all = store.changes_since(0).await.unwrap();
    assert_eq!(all.changes.len(), 19_800);
    for stamped in &all.changes {
        let i = number(&stamped.change);
        assert_eq!(stamped.revision, u64::from(1 + i / 5000));
        assert_eq!(stamped.change, expected(i));
    }
    let newer = store.changes_since(3).await.unwrap();
    assert_eq!(newer.changes.len(), 5001);
    for stamped in &newer.changes {
        match number(&stamped.change) {
            i if i % 100 == 0 => {
                assert_eq!(stamped.change, Change::Delete(Noun::Machine, stamped.change.name().clone()));
            }
            i => assert_eq!(stamped.change, expected(i)),
        }
    }
}
