//! Looks for connections that took too long, and makes room where connections run out.
//!
//! One look at all of them ten times a second is cheaper than a timer for each: a look costs some nanoseconds.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;

use super::shared::{Shared, Stage, Tick};
use super::watched::{Order, Phase, Watched};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// The same while the server stops.
const STOPPING_PAUSE: Duration = Duration::from_millis(10);

/// How long a request may take to arrive where connections run out, or the server stops.
const HURRIED_REQUEST: Duration = Duration::from_secs(5);
const LAST_REQUEST: Duration = Duration::from_secs(1);

/// How long a connection must have been idle to be closed for another. A boot's requests follow each other sooner.
const IDLE_FOR_ROOM: Duration = Duration::from_secs(1);

/// How long a client that was refused may still send.
const LINGER: Duration = Duration::from_secs(2);

pub(super) struct Sweeper {
    shared: Arc<Shared>,
    begun: Instant,
    all: Vec<Weak<Watched>>,
}

impl Sweeper {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, begun: Instant::now(), all: Vec::new() }
    }

    /// Looks at every connection once, and says how long to wait before the next time.
    pub(super) fn sweep(&mut self) -> Duration {
        let shared = &self.shared;
        shared.set_tick(ticks(self.begun.elapsed()));
        shared.take_young(&mut self.all);
        let (open, stage) = (shared.open(), shared.stage());
        shared.counts.open.set(i64::try_from(open).unwrap_or(i64::MAX));
        let surplus = shared.surplus();
        let request = match stage {
            Stage::Refusing => shared.limits.request.min(LAST_REQUEST),
            _ if surplus > 0 => shared.limits.request.min(HURRIED_REQUEST),
            _ => shared.limits.request,
        };
        let mut idle = Vec::new();
        self.all.retain(|weak| {
            let Some(watched) = weak.upgrade() else { return false };
            judge(&watched, request, stage);
            if surplus > 0 && is_idle(&watched, IDLE_FOR_ROOM) {
                idle.push(watched);
            }
            true
        });
        idle.sort_by_key(|watched| watched.phase().1);
        for watched in idle.iter().take(surplus) {
            if watched.tell(Order::Finish) {
                shared.counts.closed_room.inc();
            }
        }
        if stage == Stage::Serving { PAUSE } else { STOPPING_PAUSE }
    }
}

/// Ends a connection that is in its phase for too long.
fn judge(watched: &Watched, request: Duration, stage: Stage) {
    let (shared, (phase, since)) = (&watched.shared, watched.phase());
    let age = shared.tick().saturating_sub(since);
    let longer_than = |limit: Duration| age > ticks(limit);
    let limits = &shared.limits;
    let tell = |order, counter: &Counter| {
        if watched.tell(order) {
            counter.inc();
        }
    };
    let counts = &shared.counts;
    match phase {
        Phase::New | Phase::Head if longer_than(request) => tell(Order::Close, &counts.closed_request),
        Phase::Blocked if longer_than(limits.stall) => tell(Order::Close, &counts.closed_stalled),
        // The rest of an answer that does not come, such as from a disk that hangs.
        Phase::Written if longer_than(limits.idle + limits.stall) => {
            tell(Order::Close, &counts.closed_stalled);
        }
        Phase::Written if stage != Stage::Serving => {
            watched.tell(Order::Finish);
        }
        Phase::Written if longer_than(limits.idle) => tell(Order::Finish, &counts.closed_idle),
        Phase::Lingering if longer_than(LINGER) => {
            watched.tell(Order::Close);
        }
        _ => {}
    }
}

fn is_idle(watched: &Watched, least: Duration) -> bool {
    let (phase, since) = watched.phase();
    phase == Phase::Written && watched.shared.tick().saturating_sub(since) >= ticks(least)
}

fn ticks(duration: Duration) -> Tick {
    Tick::try_from(duration.as_millis() / PAUSE.as_millis()).unwrap_or(Tick::MAX)
}
