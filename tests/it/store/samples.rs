//! Nouns to store, and short ways to store them.

use pxe_init::domain::{
    Actor, Change, Changes, Image, Kind, Machine, Name, Noun, Rule, Stamped, Template, Timestamp,
};
use pxe_init::store::Store;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(crate) const AT: Timestamp = Timestamp(1_790_000_000_123);

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn actor() -> Actor {
    Actor { name: "ada".to_owned(), origin: "192.0.2.7".to_owned() }
}

pub(crate) fn from_json<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// An image with every field.
pub(crate) fn image() -> Image {
    from_json(json!({
        "name": "coreos",
        "kernel": "http://example.org/vmlinuz",
        "initrds": ["b.img", "a.img"],
        "rootfs": "rootfs.img",
        "args": ["console=ttyS0", "quiet", "a=\"b c\""],
        "arch": "x86_64",
        "labels": {"channel": "stable"},
        "params": {"n": 1, "f": 0.5, "t": true, "s": "ü\u{1F980}'\"\\", "l": [null, {}], "neg": -9007199254740993i64},
        "declares": {
            "n": {"type": "integer", "default": 2, "help": "\u{1F980} \"n\"", "choices": [1, 2]},
            "token": {"type": "string", "required": true, "secret": true},
        },
        "templates": {"ipxe": "linux", "user-data": "cloud"},
    }))
}

/// A machine with every field.
pub(crate) fn machine() -> Machine {
    from_json(json!({
        "name": "web-1.example.org",
        "macs": ["52:54:00:00:00:02", "52:54:00:00:00:01", "00:11:22:33:44:55:66:77"],
        "uuid": "4c4c4544-0042-3510-8052-b4c04f4d3532",
        "serial": "SN-0042x",
        "hostname": "web-1",
        "labels": {"rack": "r1", "site/room": "b", "empty": ""},
        "params": {"disk": "/dev/sda"},
        "image": "coreos",
        "templates": {"ignition": "web"},
    }))
}

/// A rule with every field.
pub(crate) fn rule() -> Rule {
    from_json(json!({
        "name": "rack-1",
        "priority": -20,
        "match": {"mac": ["52:54:00:*", "!52:54:00:ff:*"], "ip": ["192.0.2.0/24"], "label.rack": ["r1", "r2"]},
        "image": "coreos",
        "labels": {"site": "b", "empty": ""},
        "params": {"console": ["ttyS0", "tty0"]},
        "templates": {"ipxe": "linux"},
    }))
}

pub(crate) fn template(source: &str) -> Template {
    Template::new(name("linux"), Kind::Ipxe, source)
}

pub(crate) fn machine_named(text: &str, mac: &str) -> Change {
    let mut machine = Machine::new(name(text));
    machine.macs.push(mac.parse().unwrap());
    Change::Machine(machine)
}

pub(crate) fn delete(noun: Noun, text: &str) -> Change {
    Change::Delete(noun, name(text))
}

/// Puts all of it in one write.
pub(crate) async fn put_all(store: &Store, changes: &[Change]) -> Vec<Stamped> {
    let mut write = store.begin(&actor(), AT).await.unwrap();
    let mut stamped = Vec::new();
    for change in changes {
        stamped.push(write.put(change, "because").await.unwrap());
    }
    write.commit().await.unwrap();
    stamped
}

/// Puts one change in a write of its own.
pub(crate) async fn put(store: &Store, change: &Change) -> Stamped {
    put_all(store, std::slice::from_ref(change)).await.remove(0)
}

/// In an order that can be compared.
pub(crate) fn sorted(mut changes: Vec<Stamped>) -> Vec<Stamped> {
    changes.sort_by_key(|s| (s.change.noun(), s.change.name().clone()));
    changes
}

pub(crate) async fn since(store: &Store, revision: u64) -> Changes {
    let changes = store.changes_since(revision).await.unwrap();
    Changes { changes: sorted(changes.changes), ..changes }
}
