//! What it takes to say what a pending change does to every machine of a site.

use std::hint::black_box;

use criterion::Criterion;
use pxe_init::domain::{Change, Kind, Template};
use pxe_init::render::{Limits, TemplateSet};
use pxe_init::service::Intent;

use super::database::{Filled, wait_for};
use super::room::Room;

const MACHINES: usize = 10_000;

/// A plan uses all cores, and its user waits for it: this is the time on the clock.
pub(crate) fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group(format!("plan for {MACHINES} machines"));
    group.sample_size(10);
    let room = Room { machines: MACHINES, rules: 100 };
    let filled = std::cell::LazyCell::new(|| Filled::new(room));
    let linux = TemplateSet::compile([], Limits::default()).get("linux").unwrap().template.source.clone();
    group.bench_function("a template that each of them gets", |bencher| {
        let source = linux.replacen("imgfree\n", "imgfree\necho booting {{ machine.hostname }}\n", 1);
        let template = Template::new("linux".parse().unwrap(), Kind::Ipxe, source);
        let intents = [Intent::new(Change::Template(template))];
        let service = &filled.service;
        bencher.iter(|| {
            let plan = wait_for(service.plan(black_box(&intents), |_, _| ())).unwrap();
            assert_eq!((plan.comparison.affected, plan.comparison.groups.len()), (MACHINES, 1));
        });
    });
    group.bench_function("one machine", |bencher| {
        let mut machine = super::room::machine(77);
        machine.params.insert("vlan".to_owned(), 4000.into());
        let intents = [Intent::new(Change::Machine(machine))];
        let service = &filled.service;
        bencher.iter(|| wait_for(service.plan(black_box(&intents), |_, _| ())).unwrap());
    });
}
