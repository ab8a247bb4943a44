//! What only one machine can have.

use pxe_init::domain::{Change, Machine, Noun};
use pxe_init::store::StoreError;

use super::database::Database;
use super::samples::{AT, actor, delete, machine, name, put, put_all, since};

contract!(stolen_identity, swapped_in_one_write, freed_by_deletion, own_identity_again, many_addresses);

fn thief() -> Machine {
    let mut thief = Machine::new(name("thief"));
    thief.macs = vec!["52:54:00:00:00:99".parse().unwrap()];
    thief
}

async fn stolen_identity(database: Database) {
    let store = database.store().await;
    put(&store, &Change::Machine(machine())).await;
    let mac = Machine { macs: vec![thief().macs[0], machine().macs[1]], ..thief() };
    let uuid = Machine { uuid: machine().uuid, ..thief() };
    let serial = Machine { serial: Some("sn-0042X".to_owned()), ..thief() };
    let mut write = store.begin(&actor(), AT).await.unwrap();
    for (thief, stolen, text) in [
        (mac, "macs[1]", "52:54:00:00:00:01"),
        (uuid, "uuid", "4c4c4544-0042-3510-8052-b4c04f4d3532"),
        (serial, "serial", "sn-0042X"),
    ] {
        match write.put(&Change::Machine(thief), "").await.unwrap_err() {
            StoreError::Conflict { field, value, holder } => {
                assert_eq!((field.as_str(), value.as_str(), holder), (stolen, text, machine().name));
            }
            other => panic!("{other:?}"),
        }
    }
    // Nothing of them was written, and the write goes on.
    write.put(&Change::Machine(thief()), "").await.unwrap();
    write.commit().await.unwrap();
    let changes = since(&store, 0).await.changes;
    assert_eq!(changes[0].change, Change::Machine(thief()));
    assert_eq!(changes[1].change, Change::Machine(machine()));
    let twice = Machine { macs: vec![thief().macs[0]; 2], ..thief() };
    let error = store.begin(&actor(), AT).await.unwrap().put(&Change::Machine(twice), "").await.unwrap_err();
    assert_eq!(error.to_string(), "macs[1]: 52:54:00:00:00:99 belongs to the machine thief");
}

async fn swapped_in_one_write(database: Database) {
    let store = database.store().await;
    put_all(&store, &[Change::Machine(machine()), Change::Machine(thief())]).await;
    let bare = Machine { macs: vec![], ..machine() };
    let (given, taken) = (machine().macs[0], thief().macs[0]);
    let swapped = [
        Change::Machine(bare.clone()),
        Change::Machine(Machine { macs: vec![given], ..thief() }),
        Change::Machine(Machine { macs: vec![taken], ..bare }),
    ];
    let stamped = put_all(&store, &swapped).await;
    assert_eq!(since(&store, 0).await.changes, stamped[1..]);
}

async fn freed_by_deletion(database: Database) {
    let store = database.store().await;
    put(&store, &Change::Machine(machine())).await;
    put(&store, &delete(Noun::Machine, machine().name.as_str())).await;
    let heir = put(&store, &Change::Machine(Machine { name: name("heir"), ..machine() })).await;
    assert_eq!(since(&store, 0).await.changes, [heir]);
    let mut write = store.begin(&actor(), AT).await.unwrap();
    let error = write.put(&Change::Machine(machine()), "").await.unwrap_err();
    assert!(matches!(&error, StoreError::Conflict { holder, .. } if *holder == name("heir")), "{error:?}");
}

async fn own_identity_again(database: Database) {
    let store = database.store().await;
    put(&store, &Change::Machine(machine())).await;
    let mut reordered = machine();
    reordered.macs.reverse();
    reordered.serial = Some("sn-0042X".to_owned());
    let stamped = put(&store, &Change::Machine(reordered)).await;
    assert_eq!(since(&store, 0).await.changes, [stamped]);
}

/// More than a database takes in one statement.
async fn many_addresses(database: Database) {
    let store = database.store().await;
    let mut big = Machine::new(name("big"));
    big.macs = (0..40_000u32).map(|i| format!("5254{i:08x}").parse().unwrap()).collect();
    let stamped = put(&store, &Change::Machine(big.clone())).await;
    assert_eq!(since(&store, 0).await.changes, [stamped]);
    let late = Machine { macs: vec![big.macs[35_000]], ..thief() };
    let mut write = store.begin(&actor(), AT).await.unwrap();
    let error = write.put(&Change::Machine(late), "").await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
    let error = write.put(&Change::Machine(Machine { name: name("copy"), ..big }), "").await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error:?}");
}
