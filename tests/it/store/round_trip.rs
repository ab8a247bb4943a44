//! What is put comes back as it was.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use pxe_init::domain::{
    Change, Image, Kind, Machine, Name, Noun, ParamSpec, ParamSpecs, ParamType, Rule, Selector, Template,
    Uuid,
};
use serde_json::Value;

use super::database::Database;
use super::samples::{delete, image, machine, put_all, rule, since, sorted, template};

contract!(every_field, arbitrary_nouns, least_fields);

async fn every_field(database: Database) {
    let store = database.store().await;
    let changes = [
        Change::Image(image()),
        Change::Template(template("#!ipxe\nboot {{ image.kernel }} € \u{1F980}\r\n")),
        Change::Machine(machine()),
        Change::Rule(rule()),
    ];
    let stamped = put_all(&store, &changes).await;
    for (put, stamped) in changes.iter().zip(&stamped) {
        match put {
            Change::Template(put) => {
                assert_eq!(stamped.change, Change::Template(Template { head: 1, ..put.clone() }));
            }
            put => assert_eq!(stamped.change, *put),
        }
    }
    store.close().await;
    // By another process, as it were.
    assert_eq!(since(&database.connect().await, 0).await.changes, sorted(stamped));
}

async fn least_fields(database: Database) {
    let store = database.store().await;
    let full = [Change::Image(image()), Change::Machine(machine()), Change::Rule(rule())];
    put_all(&store, &full).await;
    // Over the full ones, so that no field stays behind.
    let least = [
        Change::Image(Image::new(image().name)),
        Change::Machine(Machine::new(machine().name)),
        Change::Rule(Rule::new(rule().name)),
    ];
    let stamped = put_all(&store, &least).await;
    assert_eq!(stamped.iter().map(|s| s.change.clone()).collect::<Vec<_>>(), least);
    assert_eq!(since(&store, 0).await.changes, sorted(stamped));
}

async fn arbitrary_nouns(database: Database) {
    let store = database.store().await;
    let runtime = tokio::runtime::Handle::current();
    let cases = move || {
        let mut runner =
            TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
        runner.run(&nouns(), |changes| {
            let (before, stamped, after) = runtime.block_on(async {
                let before = store.revision().await.unwrap();
                let stamped = put_all(&store, &changes).await;
                let after = since(&store, before).await;
                let name = changes.iter().find(|c| c.noun() == Noun::Machine).unwrap().name().clone();
                // Its addresses must not stand in the way of the next case.
                put_all(&store, &[delete(Noun::Machine, name.as_str())]).await;
                (before, stamped, after)
            });
            prop_assert_eq!(after.revision, before + 1);
            prop_assert_eq!(after.changes, sorted(stamped));
            Ok(())
        })
    };
    tokio::task::spawn_blocking(cases).await.unwrap().unwrap();
}

/// One valid noun of each sort.
pub(crate) fn nouns() -> impl Strategy<Value = Vec<Change>> {
    let source = "[\\PC\n\t{}%#\"'\\\\]{0,200}";
    let template = (any_name(), any_kind(), source, labels())
        .prop_map(|(name, kind, source, labels)| Template { labels, ..Template::new(name, kind, source) });
    (any_image(), template, any_machine(), any_rule()).prop_map(|(image, template, machine, rule)| {
        vec![Change::Image(image), Change::Template(template), Change::Machine(machine), Change::Rule(rule)]
    })
}

fn any_image() -> impl Strategy<Value = Image> {
    let list = || proptest::collection::vec(text(), 0..4);
    let paths = (option(text()), list(), option(text()), list(), option(text()));
    (any_name(), paths, labels(), params(), declares(), templates()).prop_map(
        |(name, paths, labels, params, declares, templates)| {
            let (kernel, initrds, rootfs, args, arch) = paths;
            Image { name, kernel, initrds, rootfs, args, arch, labels, params, declares, templates }
        },
    )
}

fn any_machine() -> impl Strategy<Value = Machine> {
    let mac = prop_oneof![Just(6usize), Just(8), Just(20)]
        .prop_flat_map(|n| proptest::collection::vec(any::<u8>(), n))
        .prop_map(|bytes| pxe_init::domain::Mac::from_bytes(&bytes).unwrap());
    let macs = proptest::collection::btree_set(mac, 0..5)
        .prop_map(|macs| macs.into_iter().collect::<Vec<_>>())
        .prop_shuffle();
    let uuid = option(any::<u128>().prop_map(Uuid::from_u128));
    let known_by = (macs, uuid, option(text()), option("[a-z]{1,9}"));
    let machine = (any_name(), known_by, labels(), params(), option(any_name()), templates());
    machine.prop_map(|(name, (macs, uuid, serial, hostname), labels, params, image, templates)| Machine {
        name,
        macs,
        uuid,
        serial,
        hostname,
        labels,
        params,
        image,
        templates,
    })
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let key = prop_oneof![Just("product".to_owned()), Just("hostname".to_owned()), "label\\.[a-z]{1,9}"];
    let pattern = "!?[a-z0-9 *\"'\\\\]{1,9}[a-z]";
    let selector = proptest::collection::btree_map(key, proptest::collection::vec(pattern, 1..4), 0..4)
        .prop_map(|map| Selector::try_from(map).unwrap());
    let rule = (any_name(), any::<i32>(), selector, option(any_name()), labels(), params(), templates());
    rule.prop_map(|(name, priority, selector, image, labels, params, templates)| Rule {
        name,
        priority,
        selector,
        image,
        labels,
        params,
        templates,
    })
}

fn any_name() -> impl Strategy<Value = Name> {
    "[A-Za-z0-9][A-Za-z0-9._-]{0,40}".prop_map(|text| text.parse().unwrap())
}

fn any_kind() -> impl Strategy<Value = Kind> {
    proptest::sample::select(Kind::ALL.to_vec())
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{1,40}"
}

fn option<T: std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    proptest::option::of(value)
}

fn labels() -> impl Strategy<Value = pxe_init::domain::Labels> {
    proptest::collection::btree_map("[a-z][a-z/._-]{0,9}", text(), 0..4)
}

fn templates() -> impl Strategy<Value = pxe_init::domain::Templates> {
    proptest::collection::btree_map(any_kind(), any_name(), 0..3)
}

fn declares() -> impl Strategy<Value = ParamSpecs> {
    let ty = proptest::sample::select(ParamType::ALL.to_vec());
    let default = option(text().prop_map(Value::from));
    let help = "[\\PC&&[^ ]]{1,9}( [\\PC&&[^ ]]{1,9}){0,2}";
    let spec = (ty, default, any::<bool>(), help, any::<bool>(), params()).prop_map(
        |(ty, default, required, help, secret, choices)| {
            let choices = choices.into_values().collect();
            // It reads without white space that a person does not see.
            let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
            ParamSpec { ty, default, required, help, secret, choices }
        },
    );
    proptest::collection::btree_map("[a-z_][a-z0-9_]{0,9}", spec, 0..3)
}

fn params() -> impl Strategy<Value = pxe_init::domain::Params> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter_map("JSON has no infinity", |f| serde_json::Number::from_f64(f).map(Value::from)),
        "[\\PC\n\t]{0,20}".prop_map(Value::from),
    ];
    let value = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("\\PC{0,9}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    proptest::collection::btree_map("[a-z_][a-z0-9_]{0,9}", value, 0..4)
}
