//! Findings as a compiler prints them.

use std::io::{self, Write as _};

use super::super::failure::Failure;
use super::{Found, Linted};
use crate::lint::{self, Severity};

/// Longer source lines are cut around what is meant.
const WIDEST: usize = 120;

/// Prints every finding, and how many there are.
pub(super) fn print(linted: &[Linted], explain: bool, quiet: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for found in linted.iter().flat_map(|file| &file.findings) {
        write!(out, "{}", show(found, explain))?;
    }
    drop(out);
    if !quiet {
        let count = |severity| {
            linted.iter().flat_map(|file| &file.findings).filter(|f| f.severity == severity).count()
        };
        let [info, warning, error] = Severity::ALL.map(count);
        let files = linted.len();
        let ending = if files == 1 { "" } else { "s" };
        writeln!(io::stderr(), "{files} file{ending}: {error} errors, {warning} warnings, {info} infos")?;
    }
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
    if let Some(rule) = lint::rule(&found.code).filter(|_| explain) {
        text += &format!("{margin} = note: {}\n", rule.explanation);
    }
    text + "\n"
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
