//! What all connections of machines share.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::Router;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::Notify;

use super::super::chance::Chance;
use super::limits::Limits;
use super::refusal::Refusals;
use super::watched::Watched;
use crate::http::Documents;
use crate::telemetry::Connections;

pub(super) use super::super::stop::Stage;

/// Tenths of a second since the start. Read often, so it is a number that the sweeper sets and no clock.
pub(super) type Tick = u32;

pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) documents: Documents,
    pub(super) limits: Limits,
    pub(super) refusals: Refusals,
    pub(super) counts: Counts,
    stage: AtomicU8,
    tick: AtomicU32,
    open: AtomicUsize,
    working: AtomicUsize,
    /// Connections that the sweeper does not know yet.
    young: Mutex<Vec<Weak<Watched>>>,
    crowded: Notify,
    no_files: AtomicBool,
}

/// What is counted.
pub(super) struct Counts {
    pub(super) accepted: Counter,
    pub(super) accept_errors: Counter,
    pub(super) open: Gauge,
    pub(super) shed_connections: Counter,
    pub(super) shed_queue: Counter,
    pub(super) shed_requests: Counter,
    pub(super) shed_stopping: Counter,
    pub(super) closed_request: Counter,
    pub(super) closed_idle: Counter,
    pub(super) closed_stalled: Counter,
    pub(super) closed_room: Counter,
}

/// A request that is worked on; dropping it makes room for another.
pub(super) struct Working<'a>(&'a Shared);

impl Shared {
    pub(super) fn new(
        router: Router,
        documents: Documents,
        limits: Limits,
        metrics: &Connections,
        chance: Chance,
    ) -> Arc<Self> {
        metrics.limit.set(i64::try_from(limits.connections).unwrap_or(i64::MAX));
        let counts = Counts {
            accepted: metrics.accepted.clone(),
            accept_errors: metrics.accept_errors.clone(),
            open: metrics.open.clone(),
            shed_connections: metrics.shed("connections"),
            shed_queue: metrics.shed("queue"),
            shed_requests: metrics.shed("requests"),
            shed_stopping: metrics.shed("stopping"),
            closed_request: metrics.closed("request"),
            closed_idle: metrics.closed("idle"),
            closed_stalled: metrics.closed("stalled"),
            closed_room: metrics.closed("room"),
        };
        Arc::new(Self {
            router,
            documents,
            limits,
            refusals: Refusals::new(chance),
            counts,
            stage: AtomicU8::new(Stage::Serving as u8),
            tick: AtomicU32::new(0),
            open: AtomicUsize::new(0),
            working: AtomicUsize::new(0),
            young: Mutex::default(),
            crowded: Notify::new(),
            no_files: AtomicBool::new(false),
        })
    }

    /// How far the end has come.
    pub(super) fn stage(&self) -> Stage {
        Stage::from_u8(self.stage.load(Ordering::SeqCst))
    }

    pub(super) fn set_stage(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::SeqCst);
    }

    pub(super) fn tick(&self) -> Tick {
        self.tick.load(Ordering::Relaxed)
    }

    pub(super) fn set_tick(&self, tick: Tick) {
        self.tick.store(tick, Ordering::Relaxed);
    }

    /// Connections that are served now.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// A place for a connection, unless all are taken or the end has come.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Arc<Watched>> {
        let before = self.open.fetch_add(1, Ordering::SeqCst);
        // The stage is read after the place is taken: whoever sets it and then sees no place taken can be sure.
        if before >= self.limits.connections || self.stage() == Stage::Refusing {
            self.leave();
            return None;
        }
        Some(self.watch())
    }

    /// A place beyond the limit.
    pub(super) fn enter_anyway(self: &Arc<Self>) -> Arc<Watched> {
        self.open.fetch_add(1, Ordering::SeqCst);
        self.watch()
    }

    fn watch(self: &Arc<Self>) -> Arc<Watched> {
        let watched = Arc::new(Watched::new(self.clone()));
        self.young.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&watched));
        watched
    }

    /// Gives a place back.
    pub(super) fn leave(&self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }

    /// Moves the connections that began since the last time to `all`.
    pub(super) fn take_young(&self, all: &mut Vec<Weak<Watched>>) {
        all.append(&mut self.young.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Begins to work on a request, unless there are too many.
    pub(super) fn work(&self) -> Option<Working<'_>> {
        let working = Working(self);
        (self.working.fetch_add(1, Ordering::Relaxed) < self.limits.requests).then_some(working)
    }

    /// Says that connections run out.
    pub(super) fn crowd(&self) {
        self.crowded.notify_one();
    }

    /// Says that file descriptors run out, of which connections are the most.
    pub(super) fn no_files(&self) {
        self.no_files.store(true, Ordering::Relaxed);
        self.crowd();
    }

    /// How many connections there are more than is good for the next ones.
    pub(super) fn surplus(&self) -> usize {
        if self.no_files.swap(false, Ordering::Relaxed) {
            return self.open() / 4;
        }
        // Nine tenths: what is closed now is not gone yet.
        self.open().saturating_sub(self.limits.connections.saturating_mul(9) / 10)
    }

    /// Waits until connections run out.
    pub(super) async fn crowded(&self) {
        self.crowded.notified().await;
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::Relaxed);
    }
}
