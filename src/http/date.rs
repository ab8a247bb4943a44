//! The `Date` of answers.

use std::cell::RefCell;
use std::time::{Duration, UNIX_EPOCH};

use crate::domain::Timestamp;

thread_local! {
    /// The second that was last written, and its text.
    static LAST: RefCell<(i64, String)> = const { RefCell::new((i64::MIN, String::new())) };
}

/// Hands `now` to `take` as RFC 9110, section 5.6.7 writes it. It is written once a second.
pub fn with_date<T>(now: Timestamp, take: impl FnOnce(&str) -> T) -> T {
    let second = now.0.div_euclid(1000);
    LAST.with_borrow_mut(|(known, text)| {
        if *known != second {
            let since = Duration::from_secs(second.max(0).unsigned_abs());
            *text = httpdate::fmt_http_date(UNIX_EPOCH + since);
            *known = second;
        }
        take(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_that_of_the_rfc() {
        // The example of the section.
        for milliseconds in [784_111_777_000, 784_111_777_999] {
            assert_eq!(with_date(Timestamp(milliseconds), str::to_owned), "Sun, 06 Nov 1994 08:49:37 GMT");
        }
    }
}
