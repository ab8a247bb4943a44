//! What it costs to tell of a boot: in the log, to Prometheus, and to a collector of traces that is not there.

use std::cell::LazyCell;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use prometheus_client::metrics::counter::Counter;
use pxe_init::domain::Facts;
use pxe_init::service::Answer;
use pxe_init::telemetry::{BootLine, BootSpan, Form, LogWriter, Metrics, TraceOptions, TraceParent, Traces};

use super::database::Filled;
use super::measure::CpuTime;
use super::room::Room;

const DURATION: Duration = Duration::from_micros(12);

pub(crate) fn benches(criterion: &mut Criterion<CpuTime>) {
    let site = LazyCell::new(|| {
        let room = Room { machines: 1_000, rules: 1 };
        let facts = room.facts().swap_remove(1);
        let service = Filled::new(room).service;
        let answer = super::steps::answer(&service, &facts.clone().into());
        (facts, answer)
    });
    let peer: SocketAddr = ([10, 1, 2, 3], 49152).into();

    let mut group = criterion.benchmark_group("tell of a boot");
    group.bench_function("log line as an event", |bencher| {
        let subscriber = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_writer(io::sink);
        let (facts, answer) = &*site;
        tracing::subscriber::with_default(subscriber.finish(), || {
            bencher.iter(|| event(facts, answer, peer));
        });
    });
    group.bench_function("log line", |bencher| {
        let (facts, answer) = &*site;
        let writer = LogWriter::start(io::sink(), Form::Json, Counter::default());
        let mut text = Vec::new();
        bencher.iter(|| {
            text.clear();
            BootLine { facts, answer, peer, micros: 12 }.write(&mut text, Form::Json);
            writer.add(&text, false);
        });
    });
    group.bench_function("metrics", |bencher| {
        let (_, answer) = &*site;
        let metrics = Metrics::new(Arc::new(Default::default), Traces::default());
        bencher.iter(|| metrics.boots.answered(answer, DURATION));
    });
    for (name, endpoint) in [("no span", None), ("a span that is dropped", Some("http://127.0.0.1:9"))] {
        group.bench_function(name, |bencher| {
            let (facts, answer) = &*site;
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let _in_runtime = runtime.enter();
            let options = |endpoint: &str| TraceOptions {
                endpoint: endpoint.to_owned(),
                sample: 1.0,
                service: "bench".to_owned(),
                replica: "bench".to_owned(),
            };
            let traces = endpoint.map(|url| Traces::start(&options(url)).unwrap()).unwrap_or_default();
            let span = BootSpan { facts, answer, peer, trace: TraceParent::default(), duration: DURATION };
            bencher.iter(|| traces.boot(&span));
        });
    }
}

/// The line as it was before it was written by hand.
fn event(facts: &Facts, answer: &Answer, peer: SocketAddr) {
    tracing::info!(
        outcome = tracing::field::display(answer.outcome.as_str()),
        kind = tracing::field::display(answer.kind),
        mac = facts.mac.map(tracing::field::display),
        uuid = facts.uuid.map(tracing::field::display),
        serial = facts.serial.as_deref(),
        machine = answer.machine.as_ref().map(tracing::field::display),
        rule = answer.rule.as_ref().map(tracing::field::display),
        template = answer.template.as_ref().map(tracing::field::display),
        problem = answer.problem.as_deref(),
        peer = tracing::field::display(peer),
        micros = 12,
        "boot"
    );
}
