//! debian-installer's preseed (<https://www.debian.org/releases/stable/amd64/apbs03>): owner, question, type, value.

use super::finding::Finding;
use super::rule::rules;

rules! {
FIELDS = "PRE001" Error, "too few fields",
    "A line is `OWNER QUESTION TYPE VALUE`. What lacks one of the first three is skipped, and the installer asks.",
    "Write all of them, with single spaces between.";
UNKNOWN_TYPE = "PRE002" Error, "unknown type",
    "debconf knows string, boolean, select, multiselect, note, text, password, title, error and seen; the installer skips the line.",
    "Correct the type.";
BOOLEAN = "PRE003" Warning, "a boolean that is none",
    "Only `true` and `false` count.",
    "Write true or false.";
QUESTION = "PRE004" Warning, "a question without a slash",
    "Names of questions have the form PACKAGE/NAME; the installer knows no other but a few aliases of the kernel command line.",
    "Correct the name of the question.";
OWNER = "PRE005" Warning, "unknown owner",
    "The owner is `d-i` for the installer, or the name of the package that asks. Upper case and other characters are in neither.",
    "Write d-i, or the name of the package.";
INDENTED_VALUE = "PRE006" Info, "white space before the value",
    "Exactly one space or tab stands between type and value; more becomes part of the value.",
    "Write one space.";
OPEN_END = "PRE007" Warning, "\\ at the end",
    "A `\\` joins the next line only as the last character of its line, and there is nothing to join.",
    "Remove it, or the white space after it.";
}

const TYPES: [&str; 10] =
    ["string", "boolean", "select", "multiselect", "note", "text", "password", "title", "error", "seen"];

/// Everything that is wrong with a preseed document.
pub(super) fn check(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut joined = false;
    for line in text.split_inclusive('\n') {
        let from = start;
        start += line.len();
        let content = line.trim_end_matches(['\n', '\r']);
        let is_continued = std::mem::replace(&mut joined, content.ends_with('\\'));
        let is_comment = content.trim_start().starts_with('#');
        if !is_comment && content.trim_end() != content && content.trim_end().ends_with('\\') {
            let at = from + content.trim_end().len() - 1;
            found.push(Finding::new(
                &OPEN_END,
                at..at + 1,
                "white space after the `\\` keeps it from joining the next line",
            ));
        }
        if !is_continued && !is_comment && !content.trim().is_empty() {
            line_of(content, from, &mut found);
        }
        if is_comment {
            joined = false;
        }
    }
    if joined {
        found.push(Finding::new(&OPEN_END, start.saturating_sub(1)..start, "the last line ends in `\\`"));
    }
    found
}

fn line_of(content: &str, from: usize, found: &mut Vec<Finding>) {
    let lead = content.len() - content.trim_start().len();
    let mut rest = content.trim_start();
    let mut at = from + lead;
    let mut next = || {
        let end = rest.find([' ', '\t']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let trimmed = after.trim_start();
        let range = at..at + word.len();
        at += word.len() + (after.len() - trimmed.len());
        rest = trimmed;
        (word, range, after)
    };
    let (owner, owner_range, _) = next();
    let (question, question_range, _) = next();
    let (kind, kind_range, after) = next();
    let (value, value_range, _) = next();
    if kind.is_empty() || kind == "\\" {
        let message = "the line lacks its question or type";
        found.push(Finding::new(&FIELDS, owner_range.start..from + content.trim_end().len(), message));
        return;
    }
    if owner.contains(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c))) {
        found.push(Finding::new(&OWNER, owner_range, format!("{owner} is no owner")));
    }
    if !question.contains('/') {
        found.push(Finding::new(&QUESTION, question_range, format!("{question} is no question")));
    }
    if !TYPES.contains(&kind) {
        found.push(Finding::new(&UNKNOWN_TYPE, kind_range, format!("there is no type {kind}")));
        return;
    }
    if matches!(kind, "boolean" | "seen") && !matches!(value, "true" | "false" | "\\") {
        let range = if value.is_empty() { kind_range } else { value_range.clone() };
        found.push(Finding::new(&BOOLEAN, range, format!("{value:?} is neither true nor false")));
    }
    let space = after.len() - after.trim_start().len();
    if space > 1 && !value.is_empty() && !matches!(kind, "boolean" | "seen" | "note") {
        let range = value_range.start - space..value_range.start;
        found.push(Finding::new(&INDENTED_VALUE, range, "the value begins with white space"));
    }
}
