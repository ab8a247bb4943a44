//! What a connection does, and since when.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;

use super::shared::{Shared, Tick};

/// A connection that has a place. Dropping it gives the place back.
pub(super) struct Watched {
    pub(super) shared: Arc<Shared>,
    /// The phase, and above it the tick at which it began.
    state: AtomicU64,
    order: AtomicU8,
    task: AtomicWaker,
    lingers: AtomicBool,
}

/// What a connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Phase {
    /// Nothing came yet.
    New,
    /// A request has begun to come, at the tick of the phase: each byte more begins nothing new.
    Head,
    /// The request is worked on.
    Working,
    /// Something of an answer was written, and often all of it.
    Written,
    /// The client does not read.
    Blocked,
    /// All is said, and the client still sends.
    Lingering,
}

/// What a connection is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
#[repr(u8)]
pub(super) enum Order {
    /// Go on.
    None,
    /// End after the answer that it is at, or now if it is at none.
    Finish,
    /// End now.
    Close,
}

impl Watched {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let state = AtomicU64::new(pack(Phase::New, shared.tick()));
        let (order, task) = (AtomicU8::new(Order::None as u8), AtomicWaker::new());
        Self { shared, state, order, task, lingers: AtomicBool::new(false) }
    }

    pub(super) fn phase(&self) -> (Phase, Tick) {
        unpack(self.state.load(Ordering::Relaxed))
    }

    /// Begins `phase` now.
    pub(super) fn begin(&self, phase: Phase) {
        self.state.store(pack(phase, self.shared.tick()), Ordering::Relaxed);
    }

    /// Gives an order, and says whether it is a new one.
    pub(super) fn tell(&self, order: Order) -> bool {
        let before = self.order.fetch_max(order as u8, Ordering::Release);
        let is_new = before < order as u8;
        if is_new {
            self.task.wake();
        }
        is_new
    }

    /// The order that was given, if it asks for more than `known`; otherwise the task is woken when there is one.
    pub(super) fn poll_told(&self, cx: &Context<'_>, known: Order) -> Poll<Order> {
        self.task.register(cx.waker());
        let order = match self.order.load(Ordering::Acquire) {
            0 => Order::None,
            1 => Order::Finish,
            _ => Order::Close,
        };
        if order > known { Poll::Ready(order) } else { Poll::Pending }
    }

    /// Makes the end wait for a client that may still send: to close earlier would reset the connection, and the client
    /// might lose the answer.
    pub(super) fn linger(&self) {
        self.lingers.store(true, Ordering::Relaxed);
    }

    pub(super) fn lingers(&self) -> bool {
        self.lingers.load(Ordering::Relaxed)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.shared.leave();
    }
}

fn pack(phase: Phase, tick: Tick) -> u64 {
    (u64::from(tick) << 8) | phase as u64
}

fn unpack(state: u64) -> (Phase, Tick) {
    let phase = match state & 0xff {
        0 => Phase::New,
        1 => Phase::Head,
        2 => Phase::Working,
        3 => Phase::Written,
        4 => Phase::Blocked,
        _ => Phase::Lingering,
    };
    (phase, Tick::try_from(state >> 8).unwrap_or(Tick::MAX))
}
