//! One boot, step by step and as a whole.

use std::cell::LazyCell;
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use criterion::{BatchSize, Criterion};
use pxe_init::catalog::Catalog;
use pxe_init::domain::{Facts, Kind};
use pxe_init::http::{AssetDir, HttpState, Peer, TrustedProxies, facts_from_query, router};
use pxe_init::render::{Context, Limits, ServerContext, TemplateSet};
use pxe_init::resolve::resolve;
use pxe_init::service::{Answer, Outcome, Service};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::database::Filled;
use super::measure::CpuTime;
use super::room::{MACHINES, Question, Room, around};

pub(crate) const BASE_URL: &str = "http://boot.example.org:8080";

pub(crate) fn benches(criterion: &mut Criterion<CpuTime>) {
    bench_facts(criterion);
    bench_resolve(criterion);
    bench_render(criterion);
    bench_answer(criterion);
    bench_request(criterion);
}

fn bench_facts(criterion: &mut Criterion<CpuTime>) {
    let questions = Room { machines: 1_000, rules: 1 }.questions();
    let mut group = criterion.benchmark_group("query to facts");
    group.bench_function("10 parameters", |bencher| {
        let mut next = around(&questions);
        bencher.iter(|| {
            let question = next();
            facts_from_query(&question.query, question.ip)
        });
    });
}

fn bench_resolve(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("resolve");
    for room in Room::all() {
        // Made once, and only if asked for: criterion calls the closure for every sample.
        let site = LazyCell::new(|| (room.catalog(), room.facts()));
        group.bench_function(room.to_string(), |bencher| {
            let (catalog, facts) = &*site;
            let mut next = around(facts);
            bencher.iter(|| resolve(catalog, next()));
        });
    }
}

fn bench_render(criterion: &mut Criterion<CpuTime>) {
    for template in ["linux", "coreos"] {
        let mut group = criterion.benchmark_group(format!("render {template}"));
        for machines in MACHINES {
            let room = Room { machines, rules: 1 };
            let site = LazyCell::new(|| contexts(&room.catalog(), room.facts()));
            let set = TemplateSet::compile([], Limits::default());
            group.bench_function(room.to_string(), |bencher| {
                let mut next = around(&site);
                bencher.iter(|| set.render(template, next()).unwrap());
            });
        }
    }
}

fn contexts(catalog: &Catalog, facts: Vec<Facts>) -> Vec<Context> {
    let server = Arc::new(ServerContext {
        base_url: BASE_URL.into(),
        asset_url: "http://files.example.org".to_owned(),
        hold_seconds: 30,
        token: None,
    });
    let context = |facts: Facts| {
        let resolution = resolve(catalog, &facts);
        Context {
            facts: facts.into(),
            machine: resolution.machine,
            image: resolution.image,
            rule: resolution.rule,
            server: server.clone(),
            failure: None,
        }
    };
    facts.into_iter().map(context).collect()
}

/// Facts to document, as the service does it.
fn bench_answer(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("answer");
    for room in Room::all() {
        let site = LazyCell::new(|| (Filled::new(room), room.facts()));
        group.bench_function(room.to_string(), |bencher| {
            let (filled, facts) = &*site;
            let mut next = around(facts);
            bencher.iter_batched(
                || Arc::new(next().clone()),
                |facts| answer(&filled.service, &facts),
                BatchSize::SmallInput,
            );
        });
    }
}

/// A request that hyper has parsed to a response that it has not yet written; without the log.
fn bench_request(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("request");
    for room in Room::all() {
        let site = LazyCell::new(|| (Filled::new(room).router(), room.questions()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        group.bench_function(room.to_string(), |bencher| {
            let (router, questions) = &*site;
            let mut next = around(questions);
            bencher.iter_batched(
                || request(next()),
                |request| respond(&runtime, router, request),
                BatchSize::SmallInput,
            );
        });
    }
}

/// The answer, which must be a document: what fails fast measures nothing.
pub(crate) fn answer(service: &Service, facts: &Arc<Facts>) -> Answer {
    let answer =
        service.answer(facts, Kind::Ipxe, &service.server(None), "", Ipv4Addr::LOCALHOST.into()).unwrap();
    assert_eq!(answer.outcome, Outcome::Rendered);
    answer
}

pub(crate) fn respond(runtime: &Runtime, router: &Router, request: Request<Body>) {
    let response = runtime.block_on(router.clone().oneshot(request)).unwrap();
    assert_eq!(black_box(response).status(), 200);
}

/// The request with the headers that iPXE sends.
pub(crate) fn request(asked: &Question) -> Request<Body> {
    Request::get(format!("/ipxe?{}", asked.query))
        .header("host", "boot.example.org:8080")
        .header("user-agent", "iPXE/1.21.1+git-20220113.fbbdc3926")
        .header("connection", "keep-alive")
        .extension(Peer((asked.ip, 34_567).into()))
        .body(Body::empty())
        .unwrap()
}

impl Filled {
    pub(crate) fn router(&self) -> Router {
        let (service, metrics) = (self.service.clone(), self.metrics.clone());
        router(HttpState {
            service,
            metrics,
            assets: AssetDir::default(),
            stopping: CancellationToken::new(),
            proxies: TrustedProxies::default(),
        })
    }
}
