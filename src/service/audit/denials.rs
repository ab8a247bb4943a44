//! Calls that were denied: counted in memory, and told to the audit at a pace that no flood can raise.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::domain::{Actor, Denied, Timestamp};
use crate::service::Service;

/// How often the audit is told.
const PAUSE: Duration = Duration::from_secs(2);

/// Calls that differ and wait. Of more than that only their number is kept.
const WAITING: usize = 256;

/// Entries that a quiet time saves up for the next flood.
const BURST: i64 = 200;

/// One entry more in this time, in milliseconds: at most 2,880 a day.
const REFILL: i64 = 30_000;

/// How long the last may take when the server stops.
const LAST: Duration = Duration::from_secs(2);

/// The longest text of a caller that is kept, in characters.
const MAX_TEXT: usize = 200;

/// What waits for the audit.
pub(in crate::service) struct Denials {
    state: Mutex<State>,
    /// Held while the audit is told, so that nothing is told twice.
    telling: tokio::sync::Mutex<()>,
}

struct State {
    waiting: BTreeMap<Key, Times>,
    /// Those for which there was no room.
    others: Option<Times>,
    /// How many entries may be made now, in milliseconds that they cost.
    budget: i64,
    since: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    who: String,
    from: String,
    rpc: String,
    why: String,
}

#[derive(Clone, Copy)]
struct Times {
    count: u64,
    first: Timestamp,
    last: Timestamp,
}

impl Times {
    fn add(entry: Option<Self>, other: Self) -> Self {
        match entry {
            None => other,
            Some(known) => Self {
                count: known.count.saturating_add(other.count),
                first: known.first.min(other.first),
                last: known.last.max(other.last),
            },
        }
    }
}

impl Default for Denials {
    fn default() -> Self {
        let state = State { waiting: BTreeMap::new(), others: None, budget: BURST * REFILL, since: None };
        Self { state: Mutex::new(state), telling: tokio::sync::Mutex::new(()) }
    }
}

impl Denials {
    fn note(&self, key: Key, times: Times) {
        let mut state = self.state();
        let room = state.waiting.len() < WAITING;
        let State { waiting, others, .. } = &mut *state;
        match waiting.get_mut(&key) {
            Some(known) => *known = Times::add(Some(*known), times),
            None if room => drop(waiting.insert(key, times)),
            None => *others = Some(Times::add(*others, times)),
        }
    }

    /// What may be told now.
    fn take(&self, now: Timestamp) -> Vec<Denied> {
        let mut state = self.state();
        let since = state.since.replace(now).unwrap_or(now);
        let earned = now.0.saturating_sub(since.0).max(0);
        state.budget = (BURST * REFILL).min(state.budget.saturating_add(earned));
        let mut taken = Vec::new();
        while state.budget >= REFILL {
            let denied = match state.waiting.pop_first() {
                Some((Key { who, from, rpc, why }, times)) => denied(who, from, rpc, why, times),
                None => {
                    let Some(times) = state.others.take() else { break };
                    let several = || "several".to_owned();
                    denied(
                        several(),
                        several(),
                        several(),
                        "more callers than are told apart".to_owned(),
                        times,
                    )
                }
            };
            state.budget -= REFILL;
            taken.push(denied);
        }
        taken
    }

    /// Takes back what could not be told.
    fn give_back(&self, untold: Vec<Denied>) {
        self.state().budget += REFILL * i64::try_from(untold.len()).unwrap_or(0);
        for Denied { actor, rpc, why, count, first, last } in untold {
            let key = Key { who: actor.name, from: actor.origin, rpc, why };
            self.note(key, Times { count, first, last });
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn denied(who: String, from: String, rpc: String, why: String, times: Times) -> Denied {
    let Times { count, first, last } = times;
    Denied { actor: Actor { name: who, origin: from }, rpc, why, count, first, last }
}

impl Service {
    /// Notes that `who`, from the address `from`, was not allowed to call `rpc`, and why. It never waits: calls that are alike
    /// are counted, and the audit has them within seconds.
    pub fn audit_denied(&self, who: &str, from: &str, rpc: &str, why: &str) {
        let [who, from, rpc, why] = [who, from, rpc, why].map(|text| {
            // Postgres keeps no NUL, and the caller chose some of it.
            text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(MAX_TEXT).collect()
        });
        let now = self.now();
        self.inner.denials.note(Key { who, from, rpc, why }, Times { count: 1, first: now, last: now });
    }

    /// Tells the audit of calls that were denied until `stop`, and of the last ones then.
    pub async fn run_audit(&self, stop: CancellationToken) {
        while stop.run_until_cancelled(sleep(PAUSE)).await.is_some() {
            self.tell_denied().await;
        }
        // What the database does not take now is in the log alone.
        let _ = timeout(LAST, self.tell_denied()).await;
    }

    pub(super) async fn tell_denied(&self) {
        let denials = &self.inner.denials;
        let _telling = denials.telling.lock().await;
        let Ok(store) = self.store("the audit") else { return };
        let now = self.now();
        let taken = denials.take(now);
        if taken.is_empty() {
            return;
        }
        if let Err(error) = store.note_denied(&taken, now).await {
            tracing::warn!(%error, "the audit could not be told of calls that were denied; they wait");
            denials.give_back(taken);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(who: &str) -> Key {
        Key { who: who.to_owned(), from: "::1".to_owned(), rpc: "r".to_owned(), why: "w".to_owned() }
    }

    fn once(at: i64) -> Times {
        Times { count: 1, first: Timestamp(at), last: Timestamp(at) }
    }

    #[test]
    fn calls_that_are_alike_are_one_entry() {
        let denials = Denials::default();
        for at in [3, 1, 2] {
            denials.note(key("eve"), once(at));
        }
        denials.note(key("mallory"), once(9));
        let taken = denials.take(Timestamp(10));
        let told: Vec<_> =
            taken.iter().map(|d| (d.actor.name.as_str(), d.count, d.first.0, d.last.0)).collect();
        assert_eq!(told, [("eve", 3, 1, 3), ("mallory", 1, 9, 9)]);
        assert!(denials.take(Timestamp(10)).is_empty());
        denials.give_back(taken);
        assert_eq!(denials.take(Timestamp(10)).len(), 2);
    }

    #[test]
    fn a_flood_makes_few_entries_and_is_counted_all_the_same() {
        let denials = Denials::default();
        let (mut entries, mut calls) = (0, 0);
        // An hour of a new caller every 10 ms, told every 2 s.
        let hour = 3_600_000;
        for at in (0..hour).step_by(10) {
            denials.note(key(&at.to_string()), once(at));
            if at % 2000 == 0 {
                let taken = denials.take(Timestamp(at));
                entries += taken.len() as i64;
                calls += taken.iter().map(|denied| denied.count).sum::<u64>();
            }
        }
        assert!(entries <= BURST + hour / REFILL + 1, "{entries}");
        // Whatever waits is told when the flood is over.
        for later in 1..=(WAITING as i64 + 1) {
            calls +=
                denials.take(Timestamp(hour + later * REFILL)).iter().map(|denied| denied.count).sum::<u64>();
        }
        assert_eq!(calls, u64::try_from(hour / 10).unwrap());
    }
}
