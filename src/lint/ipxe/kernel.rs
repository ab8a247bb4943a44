//! Kernels, their arguments and their initrds.

use super::Call;
use super::rules::{INITRD_MISMATCH, INITRD_NAME, LONG_COMMAND_LINE, QUOTE};
use super::script::{Script, Word};
use crate::lint::Finding;

/// What Linux takes on x86 and arm64 (`COMMAND_LINE_SIZE`), without the NUL at its end.
const LONGEST: usize = 2047;

/// Kernels that are no Linux and do not ask for an initrd by name.
const NO_LINUX: [&str; 10] =
    ["wimboot", "memdisk", "xen", "mboot", "tboot", "multiboot", ".efi", "pxelinux", "grub", "ipxe"];

/// Whether what follows after the image are its arguments.
pub(super) fn takes_arguments(command: &str) -> bool {
    matches!(command, "kernel" | "imgselect" | "imgload" | "imgargs" | "chain" | "boot" | "imgexec")
}

/// Looks at the arguments that an image gets.
pub(super) fn arguments(call: &Call<'_>, found: &mut Vec<Finding>) {
    let takes = takes_arguments(call.name());
    let Some((image, arguments)) = call.parsed.arguments.split_first().filter(|_| takes) else { return };
    let quotes = |word: &Word| word.text.matches('"').count();
    if arguments.iter().map(quotes).sum::<usize>() % 2 == 1
        && let Some(word) = arguments.iter().rev().find(|word| quotes(word) % 2 == 1)
    {
        found.push(Finding::new(&QUOTE, word.range.clone(), "the quote is not closed"));
    }
    let length: usize = arguments.iter().map(|word| word.text.len() + 1).sum::<usize>().saturating_sub(1);
    if length > LONGEST && !image.text.ends_with(".efi") {
        let range = arguments[0].range.start..call.command.range().end;
        found.push(Finding::new(&LONG_COMMAND_LINE, range, format!("the command line has {length} bytes")));
    }
}

/// Kernel and initrds that are loaded to be booted together.
#[derive(Default)]
struct Set<'a> {
    kernel: Option<&'a Call<'a>>,
    initrds: Vec<&'a Call<'a>>,
    /// Whether arguments or names may come from elsewhere.
    open: bool,
}

/// Looks whether kernels ask for the initrds that are loaded for them.
pub(super) fn initrds<'a>(script: &Script, lines: &'a [Vec<Call<'a>>], found: &mut Vec<Finding>) {
    let mut set = Set::default();
    for (line, calls) in script.lines.iter().zip(lines) {
        if line.label.is_some() {
            set.finish(found);
        }
        for call in calls {
            match call.name() {
                "kernel" | "imgselect" | "imgload" => {
                    if set.kernel.is_some() {
                        set.finish(found);
                    }
                    set.kernel = Some(call);
                }
                "initrd" => set.initrds.push(call),
                "imgfetch" | "module" | "imgargs" | "imgextract" | "shim" => set.open = true,
                "boot" | "imgexec" | "chain" | "imgfree" => set.finish(found),
                _ => {}
            }
        }
    }
    set.finish(found);
}

impl Set<'_> {
    fn finish(&mut self, found: &mut Vec<Finding>) {
        let Self { kernel, initrds, open } = std::mem::take(self);
        let (Some(kernel), Some(first)) = (kernel, initrds.first()) else { return };
        let Some((image, arguments)) = kernel.parsed.arguments.split_first().filter(|_| !open) else {
            return;
        };
        let name = image.text.to_ascii_lowercase();
        if NO_LINUX.iter().any(|other| name.contains(other)) {
            return;
        }
        let asked: Vec<(&Word, &str)> =
            arguments.iter().filter_map(|word| Some((word, word.text.strip_prefix("initrd=")?))).collect();
        if asked.is_empty() {
            // What is expanded may be anything.
            if !arguments.iter().any(Word::expands) {
                let what = Finding::new(
                    &INITRD_NAME,
                    kernel.command.range(),
                    "UEFI needs `initrd=` among the kernel's arguments",
                );
                found.push(match names(first).into_iter().next().flatten() {
                    Some(name) => what.help(format!("add initrd={name}")),
                    None => what,
                });
            }
            return;
        }
        let Some(loaded) = initrds.iter().flat_map(|call| names(call)).collect::<Option<Vec<String>>>()
        else {
            return;
        };
        for (word, name) in asked {
            let is_known = name == "initrd.magic" || word.expands() || loaded.iter().any(|one| one == name);
            if !is_known && name.split(',').any(|part| !loaded.iter().any(|one| one == part)) {
                let finding = Finding::new(
                    &INITRD_MISMATCH,
                    word.range.clone(),
                    format!("no initrd is loaded as `{name}`"),
                );
                found.push(finding.help(format!("loaded is {}", loaded.join(", "))));
            }
        }
    }
}

/// The name under which an image is loaded; unknown where it is expanded.
fn names(call: &Call<'_>) -> Option<Option<String>> {
    let name = match call.parsed.value("name") {
        Some(name) => name,
        None => {
            let url = call.parsed.arguments.first()?.text.as_str();
            let path = url.split(['?', '#']).next().unwrap_or_default();
            path.rsplit('/').next().unwrap_or_default()
        }
    };
    Some((!name.contains("${") && !name.is_empty()).then(|| name.to_owned()))
}
