//! How long something is in force.

use std::str::FromStr;
use std::time::Duration;

/// Written `12h`, `30d` or `never`, which has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime(pub Option<Duration>);

/// A text that is no lifetime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidLifetime;

impl FromStr for Lifetime {
    type Err = InvalidLifetime;

    fn from_str(text: &str) -> Result<Self, InvalidLifetime> {
        if text == "never" {
            return Ok(Self(None));
        }
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = match &text[digits.len()..] {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(InvalidLifetime),
        };
        match digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)) {
            Some(seconds @ 1..) => Ok(Self(Some(Duration::from_secs(seconds)))),
            _ => Err(InvalidLifetime),
        }
    }
}

impl std::fmt::Display for InvalidLifetime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("write a number with its unit (s, m, h, d), like 12h or 30d, or never")
    }
}

impl std::error::Error for InvalidLifetime {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units_and_refuses_the_rest() {
        for (text, seconds) in [("1s", 1), ("2m", 120), ("12h", 43_200), ("30d", 2_592_000)] {
            assert_eq!(text.parse(), Ok(Lifetime(Some(Duration::from_secs(seconds)))), "{text}");
        }
        assert_eq!("never".parse(), Ok(Lifetime(None)));
        for text in ["", "d", "0d", "30", "30w", "-1d", "99999999999999999999d"] {
            assert!(text.parse::<Lifetime>().is_err(), "{text}");
        }
    }
}
