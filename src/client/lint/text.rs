//! Findings as a compiler prints them.

use std::io::{self, Write as _};

use super::super::failure::Failure;
use super::{Found, Linted};
use crate::domain::plural;
use crate::lint::{self, Severity};

/// Longer source lines are cut around what is meant.
const WIDEST: usize = 120;

/// How many machines of a finding are named.
const NAMED: usize = 8;

/// Prints every finding.
pub(super) fn print(linted: &[Linted], explain: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for found in linted.iter().flat_map(|file| &file.findings) {
        write!(out, "{}", show(found, explain))?;
    }
    Ok(())
}

/// Tells people how many findings there are, in how many files and `documents` of machines.
pub(super) fn sum_up(linted: &[Linted], documents: Option<usize>) -> Result<(), Failure> {
    let count =
        |severity| linted.iter().flat_map(|file| &file.findings).filter(|f| f.severity == severity).count();
    let [info, warning, error] = Severity::ALL.map(count);
    // What machines get is looked at together.
    let files = linted.len() - usize::from(documents.is_some());
    let number = |number: usize, what: &str| format!("{number} {what}{}", plural(number as u64));
    let looked_at = match documents {
        None => number(files, "file"),
        Some(documents) if files == 0 => number(documents, "document"),
        Some(documents) => format!("{} and {}", number(files, "file"), number(documents, "document")),
    };
    let found = [(error, "error"), (warning, "warning"), (info, "info")].map(|(n, what)| number(n, what));
    writeln!(io::stderr(), "{looked_at}: {}", found.join(", "))?;
    Ok(())
}

fn show(found: &Found, explain: bool) -> String {
    let mut text = format!("{}[{}]: {}\n", found.severity, found.code, found.message);
    let number = found.line.to_string();
    let margin = " ".repeat(number.len());
    text += &format!("{margin}--> {}:{}:{}\n", found.path, found.line, found.column);
    if !found.text.is_empty() {
        let (source, before, width) = cut(found);
        text += &format!("{margin} |\n{number} | {source}\n{margin} | {before}{}\n", "^".repeat(width));
    }
    text += &format!("{margin} = help: {}\n", found.help);
    for note in notes(found) {
        text += &format!("{margin} = note: {note}\n");
    }
    if let Some(rule) = lint::rule(&found.code).filter(|_| explain) {
        text += &format!("{margin} = note: {}\n", rule.explanation);
    }
    text + "\n"
}

/// Who gets it.
fn notes(found: &Found) -> Vec<String> {
    let mut notes = Vec::new();
    let line = found
        .rendered
        .as_deref()
        .map(|line| format!(": {}", line.trim().replace(char::is_control, "\u{fffd}")));
    let line = line.unwrap_or_default();
    match found.sample {
        Some(sample) => notes.push(format!("the sample machine {sample} gets this{line}")),
        None if !line.is_empty() => notes.push(format!("what it makes{line}")),
        None => {}
    }
    if let Some(count) = found.count {
        let named = found.machines.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if count > NAMED { format!(" and {} more", count - NAMED) } else { String::new() };
        let of = found.template.as_deref().map(|template| format!(" by template {template}"));
        let ending = if count == 1 { "" } else { "s" };
        notes.push(format!("{count} machine{ending}{}: {named}{more}", of.unwrap_or_default()));
    }
    notes
}

/// The source line, what stands under it before the carets, and how many those are.
fn cut(found: &Found) -> (String, String, usize) {
    let chars: Vec<char> =
        found.text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect();
    let at = found.column.saturating_sub(1).min(chars.len());
    let start = if chars.len() > WIDEST { at.saturating_sub(WIDEST / 3) } else { 0 };
    let end = chars.len().min(start + WIDEST);
    let lead = if start > 0 { "…" } else { "" };
    let tail = if end < chars.len() { "…" } else { "" };
    let source: String = chars[start..end].iter().collect();
    let before: String = chars[start..at].iter().map(|c| if *c == '\t' { '\t' } else { ' ' }).collect();
    let width = found.width.clamp(1, (end - at).max(1));
    (format!("{lead}{source}{tail}"), format!("{}{before}", " ".repeat(lead.chars().count())), width)
}

/// Breaks a paragraph into lines that fit a terminal.
pub(super) fn wrap(paragraph: &str) -> String {
    let mut text = String::new();
    let mut width = 0;
    for word in paragraph.split(' ') {
        if width > 0 && width + 1 + word.chars().count() > 80 {
            text.push('\n');
            width = 0;
        } else if width > 0 {
            text.push(' ');
            width += 1;
        }
        text += word;
        width += word.chars().count();
    }
    text
}
