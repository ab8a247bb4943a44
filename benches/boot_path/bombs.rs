//! What it takes until a template without end is refused.

use std::hint::black_box;

use criterion::Criterion;
use pxe_init::domain::Kind;
use pxe_init::render::{Limits, TemplateSet, sample};

use super::measure::CpuTime;

#[path = "../../tests/it/bombs/list.rs"]
mod list;

pub(crate) fn benches(criterion: &mut Criterion<CpuTime>) {
    let set = TemplateSet::compile([], Limits::default());
    let mut group = criterion.benchmark_group("bomb");
    for (name, source) in list::BOMBS {
        group.bench_function(name, |bencher| {
            let refuse =
                || set.render_source(Kind::Text, "bomb", source, &sample::all()[0].context).unwrap_err();
            bencher.iter(|| black_box(refuse()));
        });
    }
}
