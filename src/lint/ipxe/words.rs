//! Commands, options and arguments, one command at a time.

use super::Call;
use super::commands::{self, Effect, MANY, Spec, Takes};
use super::features::{Feature, Found};
use super::options::{self, Problem};
use super::rules::{
    ARGUMENT_COUNT, BAD_VALUE, GLUED, LATE_OPTION, NEEDS_FEATURE, NEWER_OPTION, UNKNOWN_COMMAND,
    UNKNOWN_OPTION,
};
use super::script::{Command, Word};
use crate::lint::Finding;

/// Looks at the words of one command.
pub(super) fn check(call: &Call<'_>, found: &mut Vec<Finding>) {
    let Some(name) = call.command.words.first() else { return };
    if call.spec.is_none_or(|spec| spec.effect != Effect::Print) {
        glued(call.command, found);
    }
    let Some(spec) = call.spec else {
        unknown(name, found);
        return;
    };
    match &call.parsed.problem {
        Some((problem, range)) => found.push(explain(spec, problem, range.clone())),
        None if call.parsed.help => {}
        None => count(call, spec, name, found),
    }
    for (option, _, range) in call.parsed.options.iter().filter(|(option, ..)| option.newer) {
        let message = format!("`{} --{}` is unknown to iPXE of 2019", spec.name, option.long);
        found.push(Finding::new(&NEWER_OPTION, range.clone(), message));
    }
    late(call, spec, found);
    if let Some(missing) = missing(spec.feature) {
        let message = format!("`{}` needs an iPXE that is built with {missing}", spec.name);
        found.push(Finding::new(&NEEDS_FEATURE, name.range.clone(), message));
    }
}

/// What a build must have, for people, if not all have it.
pub(super) fn missing(feature: &Feature) -> Option<String> {
    match feature.found {
        Found::Everywhere => None,
        Found::Newer => Some(format!("{}, which that of 2019 is not", feature.option)),
        Found::OnRequest => Some(format!("{}, which is off unless asked for", feature.option)),
    }
}

fn unknown(name: &Word, found: &mut Vec<Finding>) {
    let glued = name.text.starts_with("||") || name.text.starts_with("&&") || name.text.ends_with(';');
    if name.text.contains("${") || glued || super::form::is_leftover(&name.text) {
        return;
    }
    let finding =
        Finding::new(&UNKNOWN_COMMAND, name.range.clone(), format!("iPXE has no command `{}`", name.text));
    found.push(match commands::nearest(&name.text) {
        Some(nearest) => finding.help(format!("did you mean `{nearest}`?")),
        None => finding,
    });
}

fn explain(spec: &Spec, problem: &Problem, range: std::ops::Range<usize>) -> Finding {
    match problem {
        Problem::Unknown(option) => {
            let known: Vec<String> = spec.options.iter().map(|option| format!("--{}", option.long)).collect();
            let message = format!("`{}` has no option `{option}`", spec.name);
            Finding::new(&UNKNOWN_OPTION, range, message).help(match known.as_slice() {
                [] => {
                    format!("`{}` takes no options; write `--` before a text that begins with -", spec.name)
                }
                known => format!(
                    "its options are {}; write `--` before a text that begins with -",
                    known.join(", ")
                ),
            })
        }
        Problem::NoValue(option) => {
            Finding::new(&BAD_VALUE, range, format!("`{} --{}` needs a value", spec.name, option.long))
        }
        Problem::Value(option) => {
            Finding::new(&BAD_VALUE, range, format!("`{} --{}` takes no value", spec.name, option.long))
        }
        Problem::NoNumber(option, value) => {
            let what = if option.takes == Takes::Timeout { "a number of milliseconds" } else { "a number" };
            let message = format!("`{} --{}` needs {what}, and `{value}` is none", spec.name, option.long);
            Finding::new(&BAD_VALUE, range, message)
        }
    }
}

fn count(call: &Call<'_>, spec: &Spec, name: &Word, found: &mut Vec<Finding>) {
    let (min, max) = spec.arguments;
    let given = call.parsed.arguments.len();
    let range = if given > max { call.parsed.arguments[max].range.clone() } else { name.range.clone() };
    if (min..=max).contains(&given) {
        return number(call, spec, found);
    }
    let takes = match (min, max) {
        (0, 0) => "no arguments".to_owned(),
        (1, 1) => "one argument".to_owned(),
        (_, MANY) => format!("at least {min}"),
        (min, max) if min == max => format!("{min} arguments"),
        (min, max) => format!("{min} or {max} arguments"),
    };
    let finding = Finding::new(&ARGUMENT_COUNT, range, format!("`{}` takes {takes}, not {given}", spec.name));
    let operator =
        call.parsed.arguments.get(1).filter(|word| matches!(word.text.as_str(), "=" | "==" | "!="));
    found.push(match (spec.name, operator) {
        ("iseq", Some(word)) => {
            finding.help(format!("`iseq A B` compares its two arguments; leave out `{}`", word.text))
        }
        ("isset", _) if given == 0 => finding.help("write `isset ${NAME}`"),
        _ => finding,
    });
}

/// Commands whose argument is a number.
fn number(call: &Call<'_>, spec: &Spec, found: &mut Vec<Finding>) {
    let word = match spec.name {
        "sleep" | "exit" | "cpuid" => call.parsed.arguments.first(),
        "inc" => call.parsed.arguments.get(1),
        _ => None,
    };
    if let Some(word) = word.filter(|word| !options::is_number(&word.text)) {
        let message = format!("`{}` needs a whole number, and `{}` is none", spec.name, word.text);
        found.push(Finding::new(&BAD_VALUE, word.range.clone(), message));
    }
}

/// Options of this command that stand where they are none any more.
fn late(call: &Call<'_>, spec: &Spec, found: &mut Vec<Finding>) {
    let takes_url = super::urls::first(spec.name).is_some();
    if !takes_url {
        return;
    }
    for word in call.parsed.arguments.iter().skip(1) {
        let name = word.text.split('=').next().unwrap_or_default();
        if spec.options.iter().any(|option| name.strip_prefix("--") == Some(option.long)) {
            let message = format!(
                "`{name}` after the URL is an argument of the image, not an option of `{}`",
                spec.name
            );
            found.push(Finding::new(&LATE_OPTION, word.range.clone(), message));
        }
    }
}

/// `||goto x` and `a; goto x`.
fn glued(command: &Command, found: &mut Vec<Finding>) {
    for (i, word) in command.words.iter().enumerate() {
        let text = word.text.as_str();
        let next = command.words.get(i + 1).map(|word| word.text.as_str()).unwrap_or_default();
        let front = ["||", "&&", ";"].into_iter().find(|op| {
            text.strip_prefix(op)
                .is_some_and(|rest| commands::find(rest).is_some() || *op != ";" && !rest.is_empty())
        });
        let back = ["||", "&&", ";"].into_iter().find(|op| {
            text.strip_suffix(op).is_some_and(|rest| !rest.is_empty()) && commands::find(next).is_some()
        });
        if let Some(operator) = front.or(back) {
            let message = format!("`{operator}` in `{text}` separates nothing");
            found.push(Finding::new(&GLUED, word.range.clone(), message));
        }
    }
}
