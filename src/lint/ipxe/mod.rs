//! iPXE scripts: <https://ipxe.org/scripting> and <https://ipxe.org/cmd>.

mod assets;
mod commands;
mod features;
mod flow;
mod form;
mod kernel;
mod labels;
mod options;
mod rules;
mod script;
mod settings;
mod urls;
mod words;

pub(super) use assets::assets;
pub(super) use rules::{RULES, UNHANDLED};

use commands::Spec;
use options::Parsed;
use script::{Command, Line, Script};

use super::Finding;

/// One command with all that is known about it.
struct Call<'a> {
    /// Which line of the script it stands in.
    line: usize,
    command: &'a Command,
    /// What iPXE knows about it; nothing about a command that does not exist or is not known before it is expanded.
    spec: Option<&'static Spec>,
    parsed: Parsed<'a>,
    /// Whether it stands in a line that a template left behind, so that nobody knows what it does.
    is_leftover: bool,
}

impl<'a> Call<'a> {
    fn new(line: usize, command: &'a Command, is_leftover: bool) -> Self {
        let spec = commands::find(command.name()).filter(|_| !is_leftover);
        let parsed = spec.map(|spec| options::parse(spec, &command.words[1..])).unwrap_or_default();
        Self { line, command, spec, parsed, is_leftover }
    }

    fn name(&self) -> &'static str {
        self.spec.map(|spec| spec.name).unwrap_or_default()
    }
}

/// The calls of a line, one for each of its commands.
fn calls(index: usize, line: &Line) -> Vec<Call<'_>> {
    let words = line.commands.iter().flat_map(|command| &command.words).chain(&line.label);
    let is_leftover = words.into_iter().any(|word| form::is_leftover(&word.text));
    line.commands.iter().map(|command| Call::new(index, command, is_leftover)).collect()
}

/// Everything that is wrong with a script.
pub(super) fn check(text: &str) -> Vec<Finding> {
    let script = Script::parse(text);
    let lines: Vec<Vec<Call<'_>>> = script.lines.iter().enumerate().map(|(i, line)| calls(i, line)).collect();
    let mut found = Vec::new();
    form::check(text, &script, &mut found);
    for call in lines.iter().flatten() {
        form::words(call, &mut found);
        if call.is_leftover {
            continue;
        }
        words::check(call, &mut found);
        urls::check(call, &mut found);
        settings::check(call, &mut found);
        kernel::arguments(call, &mut found);
    }
    kernel::initrds(&script, &lines, &mut found);
    let targets = labels::check(&script, &lines, &mut found);
    flow::check(&script, &lines, &targets, &mut found);
    once(&mut found);
    found
}

/// What is about the build of iPXE is said once for a script.
fn once(found: &mut Vec<Finding>) {
    let mut said = Vec::new();
    found.retain(|finding| {
        let once = [rules::NEEDS_FEATURE.code, rules::NEWER_OPTION.code].contains(&finding.rule.code);
        let new = !said.contains(&finding.message);
        if once && new {
            said.push(finding.message.clone());
        }
        !once || new
    });
}
