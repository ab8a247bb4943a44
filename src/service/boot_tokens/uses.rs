//! How often a token was used, where that is limited. Each server counts for itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::Kind;

/// Boots and kinds of document that are counted at once: a whole site that installs. 24 bytes each.
const COUNTED: usize = 1 << 17;

/// What was taken.
#[derive(Default)]
pub(super) struct Uses(Mutex<HashMap<(u64, Kind), Count>>);

struct Count {
    taken: u16,
    /// When nobody needs to know it any more, in seconds since 1970.
    end: u32,
}

impl Uses {
    /// Takes one of `most` uses, if there is one left. Where no more can be counted there is none: to forget would be to let a
    /// token be used again.
    pub(super) fn take(&self, boot: u64, kind: Kind, most: u16, end: u32, now: u32) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= COUNTED && !counts.contains_key(&(boot, kind)) {
            counts.retain(|_, count| count.end >= now);
            if counts.len() >= COUNTED {
                return false;
            }
        }
        let count = counts.entry((boot, kind)).or_insert(Count { taken: 0, end });
        let left = count.taken < most;
        count.taken += u16::from(left);
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_own_and_no_more_are_counted_than_there_is_room_for() {
        let uses = Uses::default();
        let take = |boot, kind| uses.take(boot, kind, 2, 100, 50);
        assert!(take(1, Kind::Ignition) && take(1, Kind::Ignition) && !take(1, Kind::Ignition));
        assert!(take(1, Kind::UserData) && take(2, Kind::Ignition));
        for boot in 10..(COUNTED as u64 + 10) {
            take(boot, Kind::Text);
        }
        assert!(!take(u64::MAX, Kind::Text), "there is no room");
        assert!(!take(1, Kind::Ignition) && take(1, Kind::UserData), "what is counted stays so");
        assert!(uses.take(u64::MAX, Kind::Text, 2, 200, 101), "what ended makes room");
    }
}
