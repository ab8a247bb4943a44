//! Settings: what is set, and how they are tested.

use super::Call;
use super::rules::{ISEQ_LITERAL, ISSET_LITERAL, OVERRIDES, SET_EQUALS, SETTING_TYPE};
use super::script::Word;
use crate::domain::nearest;
use crate::lint::Finding;

/// The types that a setting can be read or written as.
const TYPES: [&str; 18] = [
    "string",
    "uristring",
    "ipv4",
    "ipv6",
    "int8",
    "int16",
    "int32",
    "uint8",
    "uint16",
    "uint32",
    "hex",
    "hexhyp",
    "hexraw",
    "base64",
    "uuid",
    "guid",
    "busdevfn",
    "dnssl",
];

/// What iPXE finds out about itself and the machine, and scripts ask for. Not `version`, which many menus use for another one.
const KNOWN: [&str; 14] = [
    "asset",
    "board-serial",
    "buildarch",
    "cpumodel",
    "cpuvendor",
    "dmesg",
    "errno",
    "manufacturer",
    "memsize",
    "platform",
    "product",
    "serial",
    "sysmac",
    "unixtime",
];

/// Looks at the settings of one command.
pub(super) fn check(call: &Call<'_>, found: &mut Vec<Finding>) {
    for word in &call.command.words {
        types(word, found);
    }
    let arguments = call.parsed.arguments;
    let Some(first) = arguments.first() else { return };
    match call.name() {
        "set" | "read" | "inc" | "clear" | "choose" | "imgset" => written(call, first, found),
        "isset" if arguments.len() == 1 && !first.text.contains('$') => {
            let finding = Finding::new(
                &ISSET_LITERAL,
                first.range.clone(),
                format!("`isset {}` always succeeds", first.text),
            );
            found.push(finding.help(format!("write `isset ${{{}}}`", first.text)));
        }
        "iseq" if arguments.len() == 2 && arguments.iter().all(|word| !word.text.contains('$')) => {
            let outcome = if first.text == arguments[1].text { "succeeds" } else { "fails" };
            let range = first.range.start..arguments[1].range.end;
            found.push(Finding::new(
                &ISEQ_LITERAL,
                range,
                format!("it compares two constants, and always {outcome}"),
            ));
        }
        _ => {}
    }
}

fn written(call: &Call<'_>, word: &Word, found: &mut Vec<Finding>) {
    if word.expands() {
        return;
    }
    if let Some((name, value)) = word.text.split_once('=').filter(|_| call.name() == "set") {
        let message = format!("this sets `{}`", word.text);
        found.push(
            Finding::new(&SET_EQUALS, word.range.clone(), message)
                .help(format!("write `set {name} {value}`")),
        );
        return;
    }
    let (path, kind) = word.text.split_once(':').unwrap_or((&word.text, ""));
    if !kind.is_empty() && !TYPES.contains(&kind) {
        found.push(unknown_type(word, kind));
    }
    let (block, name) = path.rsplit_once('/').unwrap_or(("", path));
    let known = KNOWN.contains(&name) && block.is_empty() || matches!(block, "builtin" | "smbios");
    if known && call.name() != "clear" {
        let message = format!("`{path}` is what iPXE itself knows");
        found.push(Finding::new(&OVERRIDES, word.range.clone(), message));
    }
}

/// `${name:type}`
fn types(word: &Word, found: &mut Vec<Finding>) {
    for expression in word.text.split_inclusive('}').filter_map(|part| part.strip_suffix('}')) {
        let Some(at) = expression.rfind("${") else { continue };
        let inner = &expression[at + 2..];
        let setting = inner.split_once('/').map_or(inner, |(_, setting)| setting);
        if let Some((_, kind)) = setting.split_once(':')
            && !TYPES.contains(&kind)
        {
            found.push(unknown_type(word, kind));
        }
    }
}

fn unknown_type(word: &Word, kind: &str) -> Finding {
    let finding =
        Finding::new(&SETTING_TYPE, word.range.clone(), format!("there is no setting type `{kind}`"));
    match nearest(kind, TYPES) {
        Some(known) => finding.help(format!("did you mean `{known}`?")),
        None => finding,
    }
}
