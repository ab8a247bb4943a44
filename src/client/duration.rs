//! Durations on the command line.

use std::time::Duration;

/// Parses `10s`, `500ms` or `2m`.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        _ => return Err("write a number with its unit, like 500ms, 10s or 2m".to_owned()),
    };
    let millis = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    match millis {
        // grpc-timeout carries at most 8 digits; a day is far from that and from any sensible wait.
        Some(millis @ 1..=86_400_000) => Ok(Duration::from_millis(millis)),
        _ => Err("it must be between 1ms and 1440m".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units_and_refuses_the_rest() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
        for text in ["", "10", "s", "0s", "-1s", "1.5s", "1h", "99999999999999999999m", "1s "] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
