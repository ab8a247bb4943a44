//! One line of the log, spelt as `tracing-subscriber` spells those of events, at a tenth of the price or less.

use std::fmt::{self, Display, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::Level;

/// How lines are spelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An object a line.
    Json,
    /// For people.
    Text {
        /// On a terminal.
        colours: bool,
    },
}

/// A line that is being written.
pub struct Line<'a> {
    text: &'a mut Vec<u8>,
    form: Form,
}

impl<'a> Line<'a> {
    /// Begins a line at the end of `text`. `message` has nothing that JSON would escape.
    pub fn begin(text: &'a mut Vec<u8>, form: Form, level: Level, message: &'static str) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the log tells the time by itself, as that of events does"
        )]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let time = time(now.as_secs(), now.subsec_micros());
        match form {
            Form::Json => {
                text.extend_from_slice(b"{\"timestamp\":\"");
                text.extend_from_slice(&time);
                text.extend_from_slice(b"\",\"level\":\"");
                text.extend_from_slice(level.as_str().as_bytes());
                text.extend_from_slice(b"\",\"message\":\"");
                text.extend_from_slice(message.as_bytes());
                text.push(b'"');
            }
            Form::Text { colours } => {
                let (dim, colour, end) =
                    if colours { ("\x1b[2m", colour(level), "\x1b[0m") } else { ("", "", "") };
                let padding = if level.as_str().len() < 5 { " " } else { "" };
                let time = [dim.as_bytes(), &time, end.as_bytes(), b" "];
                let level = [colour, padding, level.as_str(), end, " "];
                text.extend(time.into_iter().chain(level.map(str::as_bytes)).flatten());
                text.extend_from_slice(message.as_bytes());
            }
        }
        Line { text, form }
    }

    /// A field that is a word: what has nothing to quote.
    pub fn word(&mut self, key: &'static str, value: &str) {
        self.key(key);
        match self.form {
            Form::Json => json(self.text, value),
            Form::Text { .. } => self.text.extend_from_slice(value.as_bytes()),
        }
    }

    /// The same, spelt out where it is written.
    pub fn shown(&mut self, key: &'static str, value: impl Display) {
        self.key(key);
        self.quote();
        let _ = write!(Utf8(self.text), "{value}");
        self.quote();
    }

    /// A field that is where something came from.
    pub fn address(&mut self, key: &'static str, value: SocketAddr) {
        let IpAddr::V4(ip) = value.ip() else { return self.shown(key, value) };
        self.key(key);
        self.quote();
        for (at, part) in ip.octets().into_iter().enumerate() {
            if at > 0 {
                self.text.push(b'.');
            }
            decimal(self.text, part.into());
        }
        self.text.push(b':');
        decimal(self.text, value.port().into());
        self.quote();
    }

    /// A field that is free text.
    pub fn free(&mut self, key: &'static str, value: &str) {
        self.key(key);
        match self.form {
            Form::Json => json(self.text, value),
            Form::Text { .. } => {
                let _ = write!(Utf8(self.text), "{value:?}");
            }
        }
    }

    /// A field that is a number.
    pub fn number(&mut self, key: &'static str, value: u64) {
        self.key(key);
        decimal(self.text, value);
    }

    /// Ends the line of the module `target`.
    pub fn end(self, target: &'static str) {
        match self.form {
            Form::Json => {
                self.text.extend_from_slice(b",\"target\":\"");
                self.text.extend_from_slice(target.as_bytes());
                self.text.extend_from_slice(b"\"}\n");
            }
            Form::Text { .. } => self.text.push(b'\n'),
        }
    }

    fn quote(&mut self) {
        if self.form == Form::Json {
            self.text.push(b'"');
        }
    }

    fn key(&mut self, key: &'static str) {
        let (before, after) = match self.form {
            Form::Json => (",\"", "\":"),
            Form::Text { colours: false } => (" ", "="),
            Form::Text { colours: true } => (" \x1b[3m", "\x1b[0m\x1b[2m=\x1b[0m"),
        };
        self.text.extend_from_slice(before.as_bytes());
        self.text.extend_from_slice(key.as_bytes());
        self.text.extend_from_slice(after.as_bytes());
    }
}

fn json(text: &mut Vec<u8>, value: &str) {
    // RFC 8259, section 7: these are all that must be escaped, and nearly no value has one.
    if !value.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        text.push(b'"');
        text.extend_from_slice(value.as_bytes());
        text.push(b'"');
        return;
    }
    // A string can be written to memory, and as JSON, whatever it is.
    let _ = serde_json::to_writer(text, value);
}

fn decimal(text: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    text.extend_from_slice(&digits[first..]);
}

/// Writes text to bytes without `io::Error`, which `io::Write` would carry through each character.
struct Utf8<'a>(&'a mut Vec<u8>);

impl fmt::Write for Utf8<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

const fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}

/// Seconds since 1970 and microseconds as RFC 3339 spells them in UTC. The days are made a date by the algorithm
/// `civil_from_days` of <https://howardhinnant.github.io/date_algorithms.html>.
fn time(seconds: u64, micros: u32) -> [u8; 27] {
    let days = seconds / 86_400 + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);

    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let mut put = |from: usize, to: usize, mut value: u64| {
        for digit in text[from..to].iter_mut().rev() {
            *digit = b'0' + (value % 10) as u8;
            value /= 10;
        }
    };
    put(0, 4, year);
    put(5, 7, month);
    put(8, 10, day);
    put(11, 13, seconds / 3_600 % 24);
    put(14, 16, seconds / 60 % 60);
    put(17, 19, seconds % 60);
    put(20, 26, micros.into());
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(form: Form, value: &str) -> String {
        let mut text = Vec::new();
        let mut line = Line::begin(&mut text, form, Level::INFO, "boot");
        line.free("serial", value);
        line.address("peer", ([10, 0, 200, 7], 65535).into());
        line.number("micros", u64::MAX);
        line.end("t");
        String::from_utf8(text).unwrap()
    }

    proptest! {
        #[test]
        fn json_holds_every_text(value in "\\PC{0,20}|[\\x00-\\x1f\"\\\\/\u{7f}\u{80}\u{2028}é]{0,20}") {
            let line = line(Form::Json, &value);
            prop_assert_eq!(line.matches('\n').count(), 1, "{}", line);
            let read: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(read["serial"].as_str(), Some(value.as_str()));
            prop_assert_eq!(read["peer"].as_str(), Some("10.0.200.7:65535"));
            prop_assert_eq!(read["micros"].as_u64(), Some(u64::MAX));
        }

        #[test]
        fn text_is_one_line(value in "\\PC{0,20}|[\\x00-\\x1f\"\\\\\u{7f}\u{85}\u{2028}]{0,20}") {
            let line = line(Form::Text { colours: false }, &value);
            prop_assert_eq!(line.lines().count(), 1, "{}", line);
            prop_assert!(!line.trim_end().chars().any(char::is_control), "{}", line);
        }

        #[test]
        fn times_are_spelt_as_jiff_does(seconds in 0_i64..253_402_300_799) {
            let spelt = String::from_utf8(time(seconds.cast_unsigned(), 42).to_vec()).unwrap();
            let right = jiff::Timestamp::new(seconds, 42_000).unwrap();
            prop_assert_eq!(spelt, format!("{right:.6}"));
        }
    }
}
