//! The text of the script, before any command: its first bytes, line ends, joined lines, leftovers.

use super::Call;
use super::commands::Effect;
use super::rules::{
    COMMENT_IN_JOINED, CONTROL, CRLF, LEFTOVER, NO_SHEBANG, OPEN_END, PRINTED_NONE, SPACE_AFTER_BACKSLASH,
    UNTERMINATED,
};
use super::script::{Line, Script, Word, is_space};
use crate::lint::Finding;

/// How tags of template languages begin: Jinja and Go, ERB.
const TAGS: [&str; 5] = ["{{", "{%", "{#", "<%", "%>"];

/// Whether a word has a tag of a template language in it.
pub(super) fn is_leftover(text: &str) -> bool {
    tag(text).is_some()
}

fn tag(text: &str) -> Option<&'static str> {
    TAGS.into_iter().find(|tag| text.contains(tag))
}

/// Looks at the script as text.
pub(super) fn check(text: &str, script: &Script, found: &mut Vec<Finding>) {
    first_bytes(text, found);
    if let Some(at) = text.find("\r\n") {
        found.push(Finding::new(&CRLF, at..at + 1, "lines end in CR and LF"));
    }
    let control = |c: char| c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t');
    if let Some((at, c)) = text.char_indices().find(|(_, c)| control(*c)) {
        found.push(Finding::new(
            &CONTROL,
            at..at + 1,
            format!("there is the control character U+{:04X}", u32::from(c)),
        ));
    }
    for line in &script.lines {
        joined(text, line, found);
    }
}

fn first_bytes(text: &str, found: &mut Vec<Finding>) {
    let is_magic = |magic: &str| text.strip_prefix(magic).is_some_and(|rest| rest.starts_with(is_space));
    if is_magic("#!ipxe") || is_magic("#!gpxe") {
        return;
    }
    let line = text.lines().next().unwrap_or_default();
    let message = if text.starts_with('\u{feff}') {
        "a byte order mark stands before `#!ipxe`"
    } else if text.trim().is_empty() {
        "the script is empty"
    } else if line.to_ascii_lowercase().starts_with("#!ipxe") && !line.starts_with("#!ipxe") {
        "`#!ipxe` is not in lower case"
    } else if text == "#!ipxe" || line.starts_with("#!ipxe") {
        "`#!ipxe` is not followed by white space"
    } else if text.contains("#!ipxe") {
        "something stands before `#!ipxe`"
    } else {
        "the script does not begin with `#!ipxe`"
    };
    found.push(Finding::new(&NO_SHEBANG, 0..line.len(), message));
}

fn joined(text: &str, line: &Line, found: &mut Vec<Finding>) {
    // In a comment it joins nothing and hurts nobody.
    let source = text.get(line.range.clone()).unwrap_or_default();
    let trimmed = source.trim_end_matches(is_space);
    if trimmed.len() < source.len() && trimmed.ends_with('\\') && line.comment.is_none() {
        let at = line.range.start + trimmed.len() - 1;
        found.push(Finding::new(
            &SPACE_AFTER_BACKSLASH,
            at..at + 1,
            "white space after the `\\` keeps it from joining the next line",
        ));
    }
    if let (Some(comment), Some(last)) =
        (line.comment, line.joins.last().filter(|last| line.comment < Some(**last)))
    {
        let _ = last;
        found.push(Finding::new(
            &COMMENT_IN_JOINED,
            comment..comment + 1,
            "the comment takes the joined lines that follow with it",
        ));
    }
    if line.open {
        found.push(Finding::new(
            &OPEN_END,
            line.range.end.saturating_sub(1)..line.range.end,
            "the last line ends in `\\`",
        ));
    }
}

/// Looks at the words of one command for what a template left there.
pub(super) fn words(call: &Call<'_>, found: &mut Vec<Finding>) {
    let prints = call.spec.is_some_and(|spec| spec.effect == Effect::Print || spec.name == "prompt");
    for (i, word) in call.command.words.iter().enumerate() {
        if let Some(tag) = tag(&word.text) {
            found.push(Finding::new(
                &LEFTOVER,
                word.range.clone(),
                format!("`{tag}` was left by a template"),
            ));
            // One tag is many words.
            return;
        }
        unterminated(word, found);
        if !prints
            && i > 0
            && let Some(value) = printed_none(&word.text)
        {
            let message = format!("`{value}` looks like a value that a template did not have");
            found.push(Finding::new(&PRINTED_NONE, word.range.clone(), message));
        }
    }
}

fn unterminated(word: &Word, found: &mut Vec<Finding>) {
    if let Some(at) = word.text.rfind("${").filter(|at| !word.text[*at..].contains('}')) {
        let message = format!("`{}` has no `}}`", &word.text[at..]);
        found.push(Finding::new(&UNTERMINATED, word.part(at..word.text.len()), message));
    }
}

fn printed_none(text: &str) -> Option<&'static str> {
    let value = text.rsplit('=').next().unwrap_or(text);
    ["None", "True", "False", "undefined", "[object", "<no"].into_iter().find(|none| *none == value)
}
