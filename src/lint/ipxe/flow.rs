//! What happens after each line: where a failure goes, and what is never reached.

use super::Call;
use super::commands::Effect;
use super::labels::Targets;
use super::rules::{CHOICE, PROMPT, TEST_ENDS, UNHANDLED, UNREACHABLE, UNUSED_LABEL};
use super::script::{Script, When, Word};
use crate::lint::Finding;

/// How a command can end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ends {
    /// It succeeds, and the line goes on.
    ok: bool,
    /// It fails, and the line goes on.
    failed: bool,
}

/// Looks at the way through the script.
pub(super) fn check(
    script: &Script,
    lines: &[Vec<Call<'_>>],
    targets: &Targets<'_>,
    found: &mut Vec<Finding>,
) {
    let following = following(lines);
    reach(script, lines, &following, targets, found);
    let mut step = false;
    for (i, calls) in lines.iter().enumerate() {
        if calls.iter().all(|call| call.command.words.is_empty()) {
            step &= script.lines[i].label.is_none();
            continue;
        }
        let mut unhandled = false;
        // Where the script ends after this line anyway, a failure changes nothing.
        if following[i].is_some_and(|next| next.name() != "exit") {
            for (at, call) in calls.iter().enumerate().filter(|(at, _)| !is_handled(calls, *at)) {
                let finding = finding(calls, at);
                let is_step = finding.as_ref().is_some_and(|finding| *finding.rule == UNHANDLED);
                // Steps in a row are one finding, at the first.
                if !(is_step && step && at == 0) {
                    found.extend(finding);
                }
                unhandled |= is_step && call.command.when == When::Always;
            }
        }
        step = unhandled;
    }
}

/// The first command after each line.
fn following<'a, 'b>(lines: &'a [Vec<Call<'b>>]) -> Vec<Option<&'a Call<'b>>> {
    let mut next = None;
    let mut following = vec![None; lines.len()];
    for (line, calls) in lines.iter().enumerate().rev() {
        following[line] = next;
        next = calls.iter().find(|call| !call.command.words.is_empty()).or(next);
    }
    following
}

/// Whether something happens when this command of a line fails.
pub(super) fn is_handled(calls: &[Call<'_>], at: usize) -> bool {
    calls[at + 1..].iter().any(|call| call.command.when != When::Succeeded)
}

fn finding(calls: &[Call<'_>], at: usize) -> Option<Finding> {
    let call = &calls[at];
    let spec = call.spec?;
    let name = spec.name;
    let range = call.command.range();
    if call.parsed.help || call.parsed.problem.is_some() {
        return None;
    }
    match spec.effect {
        Effect::Step | Effect::Boot => {
            let message = format!("if `{name}` fails, the script ends here");
            Some(Finding::new(&UNHANDLED, range, message))
        }
        Effect::Test => {
            let next = calls.get(at + 1).map(|call| call.command.when);
            let message = match next {
                Some(When::Succeeded) => format!("where `{name}` says no, the script ends here"),
                _ => format!("`{name}` decides nothing but whether the script ends here"),
            };
            Some(Finding::new(&TEST_ENDS, range, message))
        }
        Effect::Ask if name == "prompt" => {
            let timed = call.parsed.value("timeout").is_some();
            let fails = timed || call.parsed.value("key").is_some();
            let when = if timed { "where nobody presses a key" } else { "where another key is pressed" };
            fails.then(|| Finding::new(&PROMPT, range, format!("{when}, the script ends here")))
        }
        Effect::Ask if name != "read" => Some(Finding::new(
            &CHOICE,
            range,
            format!("if somebody leaves `{name}` with Esc, the script ends here"),
        )),
        _ => None,
    }
}

/// Finds what never runs.
fn reach(
    script: &Script,
    lines: &[Vec<Call<'_>>],
    following: &[Option<&Call<'_>>],
    targets: &Targets<'_>,
    found: &mut Vec<Finding>,
) {
    // What is left of a template may be a label or a way to one.
    let any = lines.iter().flatten().any(|call| call.is_leftover);
    let mut reached = true;
    let mut loaded = false;
    for (i, calls) in lines.iter().enumerate() {
        if let Some(label) = &script.lines[i].label {
            if !reached && !any && !targets.reach(&label.text) {
                let message = format!("nothing goes to `{}`, and nothing falls into it", label.text);
                found.push(Finding::new(&UNUSED_LABEL, label.range.clone(), message));
            }
            (reached, loaded) = (true, false);
        }
        let Some(first) = calls.iter().find(|call| !call.command.words.is_empty()) else { continue };
        if !reached && !any {
            let end = calls.last().map_or(0, |call| call.command.range().end);
            let range = first.command.range().start..end.max(first.command.range().end);
            found.push(Finding::new(&UNREACHABLE, range, "this line never runs"));
        }
        loaded |= calls.iter().any(|call| matches!(call.name(), "kernel" | "imgselect" | "imgload"));
        // A program for UEFI may come back from `boot`, and careful scripts say what happens then.
        let careful = following[i].is_some_and(|call| {
            call.spec.is_some_and(|spec| spec.effect == Effect::Leave || spec.effect == Effect::Boot)
                || matches!(call.name(), "shell" | "echo" | "prompt" | "imgfree" | "sleep")
        });
        reached = falls_through(calls, loaded && !careful);
    }
}

/// Whether the line after this one is carried out.
fn falls_through(calls: &[Call<'_>], kernel: bool) -> bool {
    let mut state = Ends { ok: true, failed: false };
    for call in calls {
        let enters = match call.command.when {
            When::Always => Ends { ok: true, failed: true },
            When::Succeeded => Ends { ok: true, failed: false },
            When::Failed => Ends { ok: false, failed: true },
        };
        let runs = (state.ok && enters.ok) || (state.failed && enters.failed);
        let skipped = Ends { ok: state.ok && !enters.ok, failed: state.failed && !enters.failed };
        let ends = if runs { ends(call, kernel) } else { Ends::default() };
        state = Ends { ok: skipped.ok || ends.ok, failed: skipped.failed || ends.failed };
    }
    state.ok
}

fn ends(call: &Call<'_>, kernel: bool) -> Ends {
    let both = Ends { ok: true, failed: true };
    // Of what iPXE refuses only that is said.
    let Some(spec) = call.spec.filter(|_| call.parsed.problem.is_none()) else { return both };
    let replaces = call.parsed.options.iter().any(|(option, ..)| option.long == "replace");
    match spec.effect {
        // A label that only iPXE knows may not exist.
        Effect::Leave => {
            let unknown = call.parsed.arguments.first().is_some_and(Word::expands);
            Ends { ok: false, failed: spec.name == "poweroff" || spec.name == "goto" && unknown }
        }
        Effect::Boot if replaces => Ends { ok: false, failed: true },
        Effect::Boot if spec.name == "boot" && call.parsed.arguments.is_empty() && kernel => {
            Ends { ok: false, failed: true }
        }
        Effect::Print => Ends { ok: true, failed: false },
        _ => both,
    }
}
