//! Results for people.

use std::collections::BTreeMap;
use std::io::{self, Write as _};

use super::super::failure::Failure;
use crate::template_test::{Check, Report, Subject, What};

/// The most lines of a diff that are shown; scripts get them all.
const MAX_LINES: usize = 100;

/// Prints a line for each check, and under it what is wrong.
pub(super) fn print(report: &Report, quiet: bool) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for check in report.checks.iter().filter(|check| !quiet || !check.passed()) {
        write!(out, "{}", show(check))?;
    }
    if !quiet {
        for path in &report.removed {
            writeln!(out, "removed {}", path.display())?;
        }
        for (warning, cases) in warnings(report) {
            let more = if cases.len() > 1 { format!(" and {} more", cases.len() - 1) } else { String::new() };
            writeln!(out, "warning ({}{more}): {}", visible(cases[0]), visible(&warning))?;
        }
    }
    Ok(())
}

/// One line.
pub(super) fn summary(report: &Report) -> String {
    let cases = report.of(Subject::Case).count();
    let failed = report.of(Subject::Case).filter(|check| !check.passed()).count();
    let mut text = format!("{cases} case{}: {} passed, {failed} failed", plural(cases), cases - failed);
    let failures = |subject| report.of(subject).map(|check| check.failures.len()).sum::<usize>();
    let templates = report.of(Subject::Template).count();
    let accepted: usize = report.checks.iter().map(|check| check.accepted.len()).sum();
    for (count, what) in [
        (templates, "template{} that a server would refuse"),
        (failures(Subject::Snapshots), "stale snapshot{}"),
        (accepted, "snapshot{} accepted"),
        (report.removed.len(), "snapshot{} removed"),
    ] {
        if count > 0 {
            text += &format!("; {count} {}", what.replace("{}", plural(count)));
        }
    }
    text
}

/// What to do about snapshots that do not fit, if that is why cases failed.
pub(super) fn hint(report: &Report) -> Option<&'static str> {
    let mut failures = report.checks.iter().flat_map(|check| &check.failures);
    let is_of_snapshot =
        |what| matches!(what, What::MissingSnapshot | What::ChangedSnapshot | What::StaleSnapshot);
    failures
        .any(|failure| is_of_snapshot(failure.what))
        .then_some("hint: if the snapshots should be so, run it again with --accept")
}

fn show(check: &Check) -> String {
    let word = if check.passed() { "ok" } else { "FAILED" };
    let subject = if check.subject == Subject::Template { "template " } else { "" };
    let mut text = format!("{word:6} {}: {subject}{}", check.place, visible(&check.name));
    if !check.accepted.is_empty() {
        let kinds: Vec<_> = check.accepted.iter().map(|kind| kind.as_str()).collect();
        text += &format!(" (accepted {})", kinds.join(", "));
    }
    text.push('\n');
    for failure in &check.failures {
        for line in failure.told.lines() {
            text += &format!("  {}\n", visible(line));
        }
        // The header says what the line above has.
        let lines: Vec<_> = failure.diff.split_inclusive('\n').skip(2).collect();
        for line in lines.iter().take(MAX_LINES) {
            text += &format!("    {}\n", visible(line.strip_suffix('\n').unwrap_or(line)));
        }
        if lines.len() > MAX_LINES {
            text += &format!("    … {} lines more\n", lines.len() - MAX_LINES);
        }
    }
    text
}

/// Each warning once, with the cases that have it.
fn warnings(report: &Report) -> BTreeMap<String, Vec<&str>> {
    let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for check in &report.checks {
        for warning in &check.warnings {
            let cases = found.entry(warning.clone()).or_default();
            if cases.last() != Some(&check.name.as_str()) {
                cases.push(&check.name);
            }
        }
    }
    found
}

/// The text with control characters as signs for them: a document must not command the terminal, and a stray carriage return
/// must be seen.
fn visible(text: &str) -> String {
    let sign = |c: char| match c {
        '\t' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(sign).collect()
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
