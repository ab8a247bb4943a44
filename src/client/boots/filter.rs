//! Which boots are wanted.

use clap::Args;
use clap::builder::PossibleValuesParser;
use jiff::Timestamp;

use crate::domain::{Kind, Outcome};
use crate::proto::pxe_init::BootFilter;

/// Which boots are wanted: those for which all that is given holds.
#[derive(Debug, Args)]
pub(super) struct FilterArgs {
    /// Only of this registered machine
    #[arg(long, value_name = "MACHINE")]
    machine: Option<String>,
    /// Only of machines that said this MAC address, in any spelling
    #[arg(long, value_name = "MAC")]
    mac: Option<String>,
    /// Only of machines that said this SMBIOS UUID
    #[arg(long, value_name = "UUID")]
    uuid: Option<String>,
    /// Only of machines that said this serial number
    #[arg(long, value_name = "SERIAL")]
    serial: Option<String>,
    /// Only from this IP address
    #[arg(long, value_name = "IP")]
    client: Option<String>,
    /// Only what was asked for so: boot.ipxe, or a kind of document
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(kinds()))]
    kind: Option<String>,
    /// Only what was answered so
    #[arg(long, value_name = "OUTCOME", value_parser = PossibleValuesParser::new(Outcome::ALL.map(Outcome::as_str)))]
    outcome: Option<String>,
    /// Only what this template made: NAME, or NAME@REVISION
    #[arg(long, value_name = "TEMPLATE")]
    template: Option<String>,
    /// Only what this rule decided
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// Only with this image
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,
}

fn kinds() -> Vec<&'static str> {
    std::iter::once("boot.ipxe").chain(Kind::ALL.map(Kind::as_str)).collect()
}

impl FilterArgs {
    /// As the API wants it.
    pub(super) fn filter(self, since: Option<i64>, until: Option<i64>) -> BootFilter {
        BootFilter {
            machine: self.machine.unwrap_or_default(),
            mac: self.mac.unwrap_or_default(),
            uuid: self.uuid.unwrap_or_default(),
            serial: self.serial.unwrap_or_default(),
            client: self.client.unwrap_or_default(),
            kind: self.kind.unwrap_or_default(),
            outcome: self.outcome.unwrap_or_default(),
            template: self.template.unwrap_or_default(),
            rule: self.rule.unwrap_or_default(),
            image: self.image.unwrap_or_default(),
            since_ms: since.unwrap_or_default(),
            until_ms: until.unwrap_or_default(),
        }
    }
}

/// Milliseconds since 1970 of `2h`, which is so long ago, or of `2026-03-01T08:00:00Z`.
pub(in crate::client) fn time(text: &str) -> Result<i64, String> {
    time_at(text, Timestamp::now())
}

fn time_at(text: &str, now: Timestamp) -> Result<i64, String> {
    let wrong = || {
        format!(
            "{text:?} is no time; write so long ago, like 30m, 2h or 7d, or a time, like 2026-03-01T08:00:00Z"
        )
    };
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let at = match digits.parse::<i64>() {
        Ok(number) => {
            let seconds = match &text[digits.len()..] {
                "s" => 1,
                "m" => 60,
                "h" => 3600,
                "d" => 24 * 3600,
                "w" => 7 * 24 * 3600,
                _ => return Err(wrong()),
            };
            let ago = number.checked_mul(seconds).filter(|ago| *ago >= 0).ok_or_else(wrong)?;
            now.as_second()
                .checked_sub(ago)
                .and_then(|at| Timestamp::from_second(at).ok())
                .ok_or_else(wrong)?
        }
        Err(_) => text.parse().map_err(|_| wrong())?,
    };
    match at.as_millisecond() {
        at @ 1.. => Ok(at),
        _ => Err(format!("{text:?} is before 1970")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_span_ago_or_a_point() {
        let now: Timestamp = "2026-03-01T08:00:00Z".parse().unwrap();
        let at =
            |text: &str| time_at(text, now).map(|at| Timestamp::from_millisecond(at).unwrap().to_string());
        assert_eq!(at("2h").unwrap(), "2026-03-01T06:00:00Z");
        assert_eq!(at("7d").unwrap(), "2026-02-22T08:00:00Z");
        assert_eq!(at("90s").unwrap(), "2026-03-01T07:58:30Z");
        assert_eq!(at("2026-03-01T09:00:00+01:00").unwrap(), "2026-03-01T08:00:00Z");
        for text in
            ["", "2", "2x", "h", "-2h", "1.5h", "99999999999999h", "90000d", "yesterday", "2026-03-01"]
        {
            assert!(at(text).is_err(), "{text}");
        }
    }
}
