//! Counts credentials that were worth nothing, by the address that they came from.
//!
//! Nobody finds a token by trying, whatever the pace; what this bounds is the work and the noise that somebody makes who
//! tries. So a credential that is right goes on working from an address that others use too.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One failure more in this time.
const REFILL: Duration = Duration::from_secs(6);

/// Failures that a quiet time saves up.
const BURST: u32 = 10;

/// Addresses that are known apart. All others count as one.
const MOST: usize = 4096;

/// Who failed how often of late.
#[derive(Default)]
pub(super) struct Failures(Mutex<HashMap<IpAddr, Instant>>);

impl Failures {
    /// Notes a failure at `now`; how long to wait, where there were too many.
    pub(super) fn note(&self, from: IpAddr, now: Instant) -> Option<Duration> {
        let mut debts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = network(from);
        if debts.len() >= MOST && !debts.contains_key(&key) {
            debts.retain(|_, paid| *paid > now);
            if debts.len() >= MOST {
                key = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
            }
        }
        let paid = debts.entry(key).or_insert(now);
        let debt = paid.saturating_duration_since(now);
        if debt + REFILL > REFILL * BURST {
            return Some(debt + REFILL - REFILL * BURST);
        }
        *paid = (*paid).max(now) + REFILL;
        None
    }
}

/// Whoever has an IPv6 address has 2⁶⁴ of them (RFC 4291, section 2.5.4).
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_one_in_a_while() {
        let (failures, now) = (Failures::default(), Instant::now());
        let [one, other]: [IpAddr; 2] = ["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()];
        for _ in 0..BURST {
            assert_eq!(failures.note(one, now), None);
        }
        assert_eq!(failures.note(one, now), Some(REFILL));
        assert_eq!(failures.note(other, now), None, "somebody else");
        assert_eq!(failures.note(one, now + REFILL), None);
        assert!(failures.note(one, now + REFILL).is_some());
        for _ in 0..BURST {
            assert_eq!(failures.note(one, now + REFILL * 100), None);
        }
    }

    #[test]
    fn however_many_there_are_they_take_little() {
        let (failures, now) = (Failures::default(), Instant::now());
        let refused =
            (0..20_000u32).filter(|i| failures.note(IpAddr::V4((*i).into()), now).is_some()).count();
        assert!(failures.0.lock().unwrap().len() <= MOST + 1);
        assert_eq!(refused, 20_000 - MOST - BURST as usize);
        let [one, other]: [IpAddr; 2] = ["2001:db8::1".parse().unwrap(), "2001:db8::ffff".parse().unwrap()];
        assert_eq!(network(one), network(other));
    }
}
