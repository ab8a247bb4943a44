//! Whether the cost depends on how many machines and rules there are.
//!
//! Criterion measures one room after the other, minutes apart; on a computer that does something else too, that says little
//! about a few per cent. Here the rooms take turns of a few milliseconds, and each is compared with the first in the same
//! round.

use std::hint::black_box;
use std::sync::Arc;

use axum::Router;
use cpu_time::ThreadTime;
use pxe_init::domain::Facts;
use pxe_init::resolve::resolve;
use pxe_init::service::Snapshot;
use tokio::runtime::Runtime;

use super::database::Filled;
use super::room::{Question, Room};
use super::steps::{answer, request, respond};
use super::table::nanoseconds;

const ROUNDS: usize = 201;

/// How much work is one turn.
const TURN: usize = 256;

struct Site {
    room: Room,
    filled: Filled,
    snapshot: Arc<Snapshot>,
    router: Router,
    questions: Vec<Question>,
    facts: Vec<Facts>,
}

/// Unless the command line names benchmarks, and not this one.
pub(crate) fn is_asked_for() -> bool {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let is_test = arguments.iter().any(|argument| argument == "--test" || argument == "--list");
    let mut names = arguments.iter().filter(|argument| !argument.starts_with('-')).peekable();
    !is_test && (names.peek().is_none() || names.any(|name| "in turns".contains(name.as_str())))
}

pub(crate) fn run() {
    let sites: Vec<_> = Room::all().map(Site::new).collect();
    let runtime = Runtime::new().unwrap();
    compare(
        "resolve",
        &sites,
        |site, i| &site.facts[i],
        |site, facts| drop(black_box(resolve(&site.snapshot.catalog, facts))),
    );
    compare(
        "answer",
        &sites,
        |site, i| Arc::new(site.facts[i].clone()),
        |site, facts| drop(answer(&site.filled.service, &facts)),
    );
    compare(
        "request",
        &sites,
        |site, i| request(&site.questions[i]),
        |site, request| respond(&runtime, &site.router, request),
    );
}

impl Site {
    fn new(room: Room) -> Self {
        let filled = Filled::new(room);
        let (snapshot, router) = (filled.service.snapshot().unwrap(), filled.router());
        Self { room, filled, snapshot, router, questions: room.questions(), facts: room.facts() }
    }
}

/// Times `work` on what `prepare` makes of the next question of a site.
fn compare<'a, T>(
    what: &str,
    sites: &'a [Site],
    prepare: impl Fn(&'a Site, usize) -> T,
    work: impl Fn(&'a Site, T),
) {
    let mut times = vec![Vec::new(); sites.len()];
    for round in 0..ROUNDS {
        for (site, times) in sites.iter().zip(&mut times) {
            let at = |i| (round * TURN + i) % site.questions.len();
            let prepared: Vec<_> = (0..TURN).map(|i| prepare(site, at(i))).collect();
            let began = ThreadTime::now();
            prepared.into_iter().for_each(|one| work(site, one));
            times.push(began.elapsed().as_nanos() as f64 / TURN as f64);
        }
    }
    println!("\n{what}, in turns");
    println!("  {:<45} {:>10} {:>10}", "", "median", "ratio");
    let first = times[0].clone();
    for (site, times) in sites.iter().zip(times) {
        let ratios = times.iter().zip(&first).map(|(time, first)| time / first).collect();
        println!(
            "  {:<45} {:>10} {:>10.3}",
            site.room.to_string(),
            nanoseconds(median(times)),
            median(ratios)
        );
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
