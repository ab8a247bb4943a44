//! The one place that asks the system for the time.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::domain::Timestamp;
use crate::service::Clock;

/// The clock of the machine.
pub(super) fn system_clock() -> Clock {
    Arc::new(|| {
        #[expect(clippy::disallowed_methods, reason = "everybody else takes a `Clock`")]
        let now = SystemTime::now();
        // A clock before 1970 is one that was never set.
        let elapsed = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
    })
}
