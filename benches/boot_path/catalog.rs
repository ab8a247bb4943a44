//! What it costs to build the catalog and to change it, and look-ups that are hard for the index.

use std::cell::LazyCell;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion};
use pxe_init::catalog::{Catalog, RuleIndex};
use pxe_init::domain::{Change, Changes, Kind, Rule, Stamped, Subject, Template};
use pxe_init::render::{Limits, TemplateSet};
use serde_json::{Value, json};

use super::measure::CpuTime;
use super::room::{Room, machine};

const LARGE: usize = 100_000;
const RULES: usize = 10_000;

pub(crate) fn benches(criterion: &mut Criterion<CpuTime>) {
    bench_catalog(criterion);
    bench_rules(criterion);
    bench_templates(criterion);
}

fn bench_catalog(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("catalog");
    group.sample_size(20);
    let room = Room { machines: LARGE, rules: 100 };
    let changes = LazyCell::new(|| room.changes());
    group.bench_function("build 100000 machines", |bencher| {
        let changes = &*changes;
        bencher.iter_with_large_drop(|| Catalog::default().with(changes));
    });
    let catalog = LazyCell::new(|| room.catalog());
    group.bench_function("change one machine of 100000", |bencher| {
        let catalog = &*catalog;
        let mut changed = (0..).map(|i| {
            let mut machine = machine(i * 7_919 % LARGE);
            machine.labels.insert("role".to_owned(), "drained".to_owned());
            one(Change::Machine(machine))
        });
        // The old catalog is freed while nobody waits for it.
        bencher.iter_batched(
            || changed.next().unwrap(),
            |changes| (catalog.with(&changes), changes),
            BatchSize::SmallInput,
        );
    });
    let room = Room { machines: 1, rules: RULES };
    let catalog = LazyCell::new(|| room.catalog());
    group.bench_function("change one rule of 10000", |bencher| {
        let catalog = &*catalog;
        let rule = room.rules().nth(77).unwrap();
        bencher.iter_with_large_drop(|| catalog.with(&one(Change::Rule(rule.clone()))));
    });
}

fn one(change: Change) -> Changes {
    Changes { revision: 2, changes: vec![Stamped { revision: 2, change }] }
}

fn bench_rules(criterion: &mut Criterion<CpuTime>) {
    let facts = Room { machines: 1, rules: 1 }.facts().remove(0);
    let registered = machine(0);
    let subject = Subject { facts: &facts, labels: Some(&registered.labels) };
    let mut group = criterion.benchmark_group("first of 10000 rules");
    let mut bench = |name: &str, selector: &dyn Fn(usize) -> Value| {
        let index = LazyCell::new(|| index(selector));
        group.bench_function(name, |bencher| {
            let index = &*index;
            assert!(index.first_match(subject).is_some());
            bencher.iter(|| black_box(index).first_match(black_box(subject)));
        });
    };
    bench(
        "that share a product and differ in rack",
        &|i| json!({ "product": ["PowerEdge R640"], "label.rack": [format!("r{:04}", RULES - 1 - i)] }),
    );
    bench("each a range of MACs", &|i| {
        let block = RULES - 1 - i;
        json!({ "mac": [format!("52:54:00:{:02x}:{:02x}:*", block >> 8, block & 255)] })
    });
    bench("each a network", &|i| {
        let block = RULES - 1 - i;
        json!({ "ip": [format!("10.{}.{}.0/24", block >> 8, block & 255)] })
    });
    // No index helps here: each rule has to be tried.
    bench(
        "each a glob that begins with *",
        &|i| json!({ "serial": [format!("*{}", if i + 1 < RULES { format!("{i}Y") } else { "X".to_owned() })] }),
    );
}

fn index(selector: &dyn Fn(usize) -> Value) -> RuleIndex {
    let rule = |i: usize| -> Arc<Rule> {
        // By name the rules are tried in the order of their numbers.
        let value = json!({ "name": format!("rule-{i:05}"), "match": selector(i), "image": "linux" });
        Arc::new(serde_json::from_value(value).unwrap())
    };
    RuleIndex::new((0..RULES).map(rule))
}

fn bench_templates(criterion: &mut Criterion<CpuTime>) {
    let source = TemplateSet::compile([], Limits::default()).get("coreos").unwrap().template.source.clone();
    let mut group = criterion.benchmark_group("compile templates");
    for count in [0, 200] {
        let stored: Vec<_> = (0..count)
            .map(|i| Template::new(format!("site-{i}").parse().unwrap(), Kind::Ipxe, source.clone()))
            .collect();
        group.bench_function(format!("the built-in ones and {count} more"), |bencher| {
            bencher.iter_with_large_drop(|| TemplateSet::compile(&stored, Limits::default()));
        });
    }
}
