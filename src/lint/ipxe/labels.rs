//! Labels, and what goes to them.

use std::collections::{BTreeMap, BTreeSet};

use super::Call;
use super::rules::{DUPLICATE_LABEL, MENU_ITEM, UNDEFINED_LABEL};
use super::script::{Script, Word};
use crate::domain::nearest;
use crate::lint::Finding;

/// Of a script with more labels nobody wants to know which is closest.
const MOST_LABELS: usize = 200;

/// Where a script can go.
pub(super) struct Targets<'a> {
    named: BTreeSet<&'a str>,
    /// Whether some `goto` goes to a label that only iPXE knows.
    any: bool,
}

impl Targets<'_> {
    /// Whether something may go to this label.
    pub(super) fn reach(&self, label: &str) -> bool {
        self.any || self.named.contains(label)
    }
}

/// Looks at every label and every `goto`.
pub(super) fn check<'a>(
    script: &'a Script,
    lines: &'a [Vec<Call<'_>>],
    found: &mut Vec<Finding>,
) -> Targets<'a> {
    let mut labels: BTreeMap<&str, usize> = BTreeMap::new();
    // Labels that a template was to make.
    let any = lines.iter().flatten().any(|call| call.is_leftover);
    for label in script.lines.iter().filter_map(|line| line.label.as_ref()) {
        if super::form::is_leftover(&label.text) {
            continue;
        }
        *labels.entry(&label.text).or_default() += 1;
        if labels[label.text.as_str()] == 2 {
            let message = format!("there is another label `{}` before this one", label.text);
            found.push(Finding::new(&DUPLICATE_LABEL, label.range.clone(), message));
        }
    }
    let mut targets = Targets { named: BTreeSet::new(), any };
    for call in lines.iter().flatten().filter(|call| call.name() == "goto") {
        let Some(target) = call.parsed.arguments.first() else { continue };
        if target.expands() {
            targets.any = true;
        } else if labels.contains_key(target.text.as_str()) {
            targets.named.insert(&target.text);
        } else if !any {
            found.push(undefined(target, labels.keys().copied().take(MOST_LABELS)));
        }
    }
    if !any {
        items(lines, &labels, found);
    }
    targets
}

fn undefined<'a>(target: &Word, labels: impl Iterator<Item = &'a str>) -> Finding {
    let finding =
        Finding::new(&UNDEFINED_LABEL, target.range.clone(), format!("there is no label `{}`", target.text));
    let bare = target.text.trim_start_matches(':');
    match nearest(bare, labels) {
        Some(label) => finding.help(format!("did you mean `{label}`?")),
        None => finding,
    }
}

/// `goto ${chosen}` goes to the name of a menu item.
fn items(lines: &[Vec<Call<'_>>], labels: &BTreeMap<&str, usize>, found: &mut Vec<Finding>) {
    let mut menu: Vec<&Word> = Vec::new();
    for call in lines.iter().flatten() {
        match call.name() {
            "menu" | "form" => menu.clear(),
            "item" => {
                let is_gap = call.parsed.options.iter().any(|(option, ..)| option.long == "gap");
                let other = call.parsed.value("menu").or(call.parsed.value("form")).is_some();
                if !is_gap && !other {
                    menu.extend(call.parsed.arguments.first().filter(|word| !word.expands()));
                }
            }
            "choose" => {
                let setting =
                    call.parsed.arguments.first().map(|word| word.text.as_str()).unwrap_or_default();
                if call.parsed.value("menu").is_none() && goes_to(lines, call.line, setting) {
                    for item in menu.iter().filter(|item| !labels.contains_key(item.text.as_str())) {
                        let message = format!("there is no label `{}` for this item", item.text);
                        found.push(Finding::new(&MENU_ITEM, item.range.clone(), message));
                    }
                }
                menu.clear();
            }
            _ => {}
        }
    }
}

/// Whether the first use of a setting after it was chosen is to go there, come what may.
fn goes_to(lines: &[Vec<Call<'_>>], from: usize, setting: &str) -> bool {
    let value = format!("${{{setting}}}");
    let uses = |call: &&Call<'_>| call.command.words.iter().any(|word| word.text.contains(&value));
    let Some(line) = lines.iter().skip(from).find(|calls| calls.iter().any(|call| uses(&call))) else {
        return false;
    };
    let first = line.iter().position(|call| uses(&call)).unwrap_or_default();
    let goes = line[first].name() == "goto"
        && line[first].parsed.arguments.first().is_some_and(|word| word.text == value);
    goes && !super::flow::is_handled(line, first)
}
