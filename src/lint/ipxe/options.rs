//! Finds a command's options among its words, as iPXE does.
//!
//! Options come before arguments; `--` ends them. `--name=value` and `--name value` are the same, and so are `-n value` and
//! `-nvalue`; flags of one letter can be put together. Nothing may be abbreviated.

use std::ops::Range;

use super::commands::{Opt, Spec, Takes};
use super::script::Word;

/// The words of a command, sorted.
#[derive(Debug, Default)]
pub(super) struct Parsed<'a> {
    /// The options, with the value of those that take one.
    pub(super) options: Vec<(&'static Opt, String, Range<usize>)>,
    /// The words after the options.
    pub(super) arguments: &'a [Word],
    /// Why iPXE would refuse the options; it looks no further then.
    pub(super) problem: Option<(Problem, Range<usize>)>,
    /// Whether `--help` is among them, which only prints the usage and fails.
    pub(super) help: bool,
}

/// What is wrong with an option.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Problem {
    Unknown(String),
    NoValue(&'static Opt),
    Value(&'static Opt),
    NoNumber(&'static Opt, String),
}

impl Parsed<'_> {
    /// The value of an option.
    pub(super) fn value(&self, long: &str) -> Option<&str> {
        let found = self.options.iter().find(|(option, ..)| option.long == long);
        found.map(|(_, value, _)| value.as_str())
    }
}

/// Sorts the words after the name of the command.
pub(super) fn parse<'a>(spec: &Spec, words: &'a [Word]) -> Parsed<'a> {
    let mut parsed = Parsed::default();
    let mut i = 0;
    while let Some(word) = words.get(i).filter(|word| word.text.starts_with('-')) {
        i += 1;
        if word.text == "--" {
            break;
        }
        if word.text.starts_with("--${") {
            continue;
        }
        let found = match word.text.strip_prefix("--") {
            Some(long) => take_long(spec, long, words.get(i)),
            None => take_short(spec, &word.text[1..], words.get(i)),
        };
        match found {
            Ok(Taken::Help) => parsed.help = true,
            Ok(Taken::Options(options, next)) => {
                i += usize::from(next);
                let end = words.get(i - 1).map_or(word.range.end, |last| last.range.end);
                parsed.options.extend(
                    options.into_iter().map(|(option, value)| (option, value, word.range.start..end)),
                );
            }
            Err(problem) => {
                parsed.problem = Some((problem, word.range.clone()));
                break;
            }
        }
    }
    parsed.arguments = &words[i.min(words.len())..];
    parsed
}

enum Taken {
    Help,
    /// The options of one word, and whether the next word is the value of the last.
    Options(Vec<(&'static Opt, String)>, bool),
}

fn take_long(spec: &Spec, text: &str, next: Option<&Word>) -> Result<Taken, Problem> {
    let (name, inline) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    if name == "help" {
        return Ok(Taken::Help);
    }
    let option = spec.options.iter().find(|option| option.long == name);
    let option = option.ok_or_else(|| Problem::Unknown(format!("--{name}")))?;
    if option.takes == Takes::Nothing {
        return match inline {
            Some(_) => Err(Problem::Value(option)),
            None => Ok(Taken::Options(vec![(option, String::new())], false)),
        };
    }
    with_value(option, inline, next, Vec::new())
}

fn take_short(spec: &Spec, letters: &str, next: Option<&Word>) -> Result<Taken, Problem> {
    let mut options = Vec::new();
    for (at, letter) in letters.char_indices() {
        if letter == 'h' {
            return Ok(Taken::Help);
        }
        let option = spec.options.iter().find(|option| option.short == letter);
        let option = option.ok_or_else(|| Problem::Unknown(format!("-{letter}")))?;
        if option.takes != Takes::Nothing {
            let rest = &letters[at + letter.len_utf8()..];
            return with_value(option, (!rest.is_empty()).then_some(rest), next, options);
        }
        options.push((option, String::new()));
    }
    if options.is_empty() {
        return Err(Problem::Unknown("-".to_owned()));
    }
    Ok(Taken::Options(options, false))
}

fn with_value(
    option: &'static Opt,
    inline: Option<&str>,
    next: Option<&Word>,
    mut before: Vec<(&'static Opt, String)>,
) -> Result<Taken, Problem> {
    let next = next.map(|word| word.text.as_str()).filter(|text| !text.starts_with('-'));
    let value = inline.or(next).ok_or(Problem::NoValue(option))?;
    if matches!(option.takes, Takes::Number | Takes::Timeout) && !is_number(value) {
        return Err(Problem::NoNumber(option, value.to_owned()));
    }
    before.push((option, value.to_owned()));
    Ok(Taken::Options(before, inline.is_none()))
}

/// Whether iPXE reads `text` as a number: decimal, octal after `0`, hexadecimal after `0x`. What expands may be one.
pub(super) fn is_number(text: &str) -> bool {
    if text.contains("${") {
        return true;
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (digits, radix) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (digits, 8),
        None => (digits, 10),
    };
    !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix))
}
