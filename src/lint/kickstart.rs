//! Anaconda's kickstart (<https://pykickstart.readthedocs.io/>).

use super::MOST;
use super::finding::Finding;
use super::rule::rules;
use crate::domain::nearest;

rules! {
UNKNOWN_COMMAND = "KSA001" Error, "unknown command",
    "Anaconda refuses a kickstart with a command that it does not know, and the installation stops.",
    "Correct the command.";
UNKNOWN_SECTION = "KSA002" Error, "unknown section",
    "Anaconda refuses a section that it does not know; one of an add-on is `%addon NAME`.",
    "Correct the name of the section.";
NOT_CLOSED = "KSA003" Error, "section not closed",
    "Every section ends with `%end`; without it Anaconda refuses the kickstart.",
    "Write `%end` on a line of its own.";
STRAY_END = "KSA004" Error, "%end without a section",
    "Anaconda refuses it.",
    "Remove it, or mend the section before.";
REMOVED = "KSA005" Warning, "removed command",
    "Releases of the last years do not know the command any more: RHEL 8 and later, or the current Fedora, refuse it or do nothing.",
    "Remove it, or use what replaced it.";
LACKING = "KSA006" Warning, "Anaconda will ask",
    "An unattended installation needs a language, a keyboard, a time zone, a way to partition and a way to log in; Anaconda stops and asks for what is missing.",
    "Add the command.";
QUOTE = "KSA007" Error, "unclosed quote",
    "Anaconda splits commands as a shell does, and refuses a line with an unclosed quote.",
    "Close the quote.";
}

const COMMANDS: [&str; 72] = [
    "authselect",
    "autopart",
    "bootc",
    "bootloader",
    "btrfs",
    "cdrom",
    "clearpart",
    "cmdline",
    "driverdisk",
    "eula",
    "fcoe",
    "firewall",
    "firstboot",
    "graphical",
    "group",
    "halt",
    "harddrive",
    "hmc",
    "ignoredisk",
    "iscsi",
    "iscsiname",
    "keyboard",
    "lang",
    "liveimg",
    "logging",
    "logvol",
    "mediacheck",
    "module",
    "mount",
    "network",
    "nfs",
    "nvdimm",
    "ostreecontainer",
    "ostreesetup",
    "part",
    "partition",
    "poweroff",
    "raid",
    "rdp",
    "realm",
    "reboot",
    "repo",
    "reqpart",
    "rescue",
    "rhsm",
    "rootpw",
    "selinux",
    "services",
    "shutdown",
    "skipx",
    "snapshot",
    "sshkey",
    "sshpw",
    "syspurpose",
    "text",
    "timesource",
    "timezone",
    "updates",
    "url",
    "user",
    "vnc",
    "volgroup",
    "xconfig",
    "zerombr",
    "zfcp",
    "zipl",
    "unsupported_hardware",
    "%include",
    "%ksappend",
    "method",
    "displaymode",
    "multipath",
];

const REMOVED_COMMANDS: [(&str, &str); 13] = [
    ("auth", "use authselect"),
    ("authconfig", "use authselect"),
    ("autostep", "remove it"),
    ("device", "remove it"),
    ("deviceprobe", "remove it"),
    ("dmraid", "remove it"),
    ("install", "remove it: to install is the default"),
    ("interactive", "remove it"),
    ("langsupport", "use lang --addsupport"),
    ("lilo", "use bootloader"),
    ("monitor", "remove it"),
    ("mouse", "remove it"),
    ("upgrade", "remove it: Anaconda does not upgrade any more"),
];

const SECTIONS: [&str; 9] = [
    "%packages",
    "%pre",
    "%pre-install",
    "%post",
    "%onerror",
    "%traceback",
    "%addon",
    "%certificate",
    "%anaconda",
];

/// What an installation needs, and the commands of which one says it.
const NEEDED: [(&str, &[&str]); 5] = [
    ("lang", &["lang"]),
    ("keyboard", &["keyboard"]),
    ("timezone", &["timezone"]),
    (
        "autopart or part",
        &["autopart", "part", "partition", "logvol", "btrfs", "mount", "raid", "liveimg", "ostreesetup"],
    ),
    ("rootpw, user or sshkey", &["rootpw", "user", "sshkey"]),
];

/// Everything that is wrong with a kickstart.
pub(super) fn check(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut section: Option<(std::ops::Range<usize>, &str)> = None;
    let mut used: Vec<&str> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if found.len() >= MOST {
            break;
        }
        let from = start;
        start += line.len();
        let content = line.trim_end();
        let indent = content.len() - content.trim_start().len();
        let word = content.split_whitespace().next().unwrap_or_default();
        let range = from + indent..from + indent + word.len();
        if let Some((_, name)) = section.clone() {
            if word == "%end" {
                section = None;
            } else if SECTIONS.contains(&word) && name == "%packages" {
                found.push(not_closed(section.take(), name));
                section = Some((range, word));
            }
            continue;
        }
        if word.is_empty() || word.starts_with('#') {
            continue;
        }
        if word == "%end" {
            found.push(Finding::new(&STRAY_END, range, "there is no open section here"));
        } else if word.starts_with('%') && !COMMANDS.contains(&word) {
            if !SECTIONS.contains(&word) {
                found.push(Finding::new(
                    &UNKNOWN_SECTION,
                    range.clone(),
                    format!("there is no section {word}"),
                ));
            }
            section = Some((range, word));
        } else {
            used.push(word);
            command(word, content, range, &mut found);
        }
    }
    if let Some((_, name)) = section.clone() {
        found.push(not_closed(section, name));
    }
    if !used.iter().any(|word| word.starts_with('%')) && !used.is_empty() {
        lacking(&used, &mut found);
    }
    found
}

fn not_closed(section: Option<(std::ops::Range<usize>, &str)>, name: &str) -> Finding {
    let range = section.map(|(range, _)| range).unwrap_or_default();
    Finding::new(&NOT_CLOSED, range, format!("{name} is not closed"))
}

fn command(word: &str, line: &str, range: std::ops::Range<usize>, found: &mut Vec<Finding>) {
    if let Some((_, instead)) = REMOVED_COMMANDS.iter().find(|(name, _)| *name == word) {
        let finding = Finding::new(&REMOVED, range, format!("current releases have no {word}"));
        found.push(finding.help(*instead));
    } else if !COMMANDS.contains(&word) {
        let finding = Finding::new(&UNKNOWN_COMMAND, range, format!("Anaconda has no command {word}"));
        found.push(match nearest(word, COMMANDS) {
            Some(known) => finding.help(format!("did you mean {known}?")),
            None => finding,
        });
    } else if shell_words::split(line).is_err() {
        found.push(Finding::new(&QUOTE, range, "a quote in this line is not closed"));
    }
}

fn lacking(used: &[&str], found: &mut Vec<Finding>) {
    for (name, commands) in NEEDED {
        if !commands.iter().any(|command| used.contains(command)) {
            found.push(Finding::new(&LACKING, 0..0, format!("there is no {name}")));
        }
    }
}
