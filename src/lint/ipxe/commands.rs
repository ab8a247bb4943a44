//! iPXE's commands: their options, how many arguments they take, and what a build must have for them.
//!
//! Facts from <https://ipxe.org/cmd> and from how iPXE of August 2026 declares its commands; what the iPXE of January 2019
//! that Debian 12 ships does not know is marked as newer.

use super::features::{
    ARCHIVE, CERT, CONSOLE, CORE, CPUID, CRYPT, DIGEST, FDT, FORM, Feature, GDB, IMGMEM, IMGSET, IPSTAT,
    LOTEST, NEIGHBOUR, NSLOOKUP, NTP, PARAM, PCI, PING, POWEROFF, PROFSTAT, PXE, SHIM, TIME, TRUST, USB,
    VLAN,
};

/// One command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Spec {
    /// Its name.
    pub(super) name: &'static str,
    /// Its options, but for `--help`, which all have.
    pub(super) options: &'static [Opt],
    /// The fewest and the most arguments after the options.
    pub(super) arguments: (usize, usize),
    /// What it does to the script.
    pub(super) effect: Effect,
    /// What a build of iPXE must have for it.
    pub(super) feature: &'static Feature,
}

/// What a command does to the script that it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Does something that can be expected to work.
    Plain,
    /// Uses the network or a disk, which can fail on any day.
    Step,
    /// As `Step`, and then hands the machine over: to a script or a program that may come back, or to a kernel.
    Boot,
    /// Asks something; to fail is one of its answers.
    Test,
    /// Asks a person, who may press Esc or not be there.
    Ask,
    /// Only prints its arguments.
    Print,
    /// Goes elsewhere, for good.
    Leave,
}

/// One option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opt {
    /// After `--`.
    pub(super) long: &'static str,
    /// After `-`.
    pub(super) short: char,
    /// What follows it.
    pub(super) takes: Takes,
    /// Whether iPXE of 2019 lacks it.
    pub(super) newer: bool,
}

/// What follows an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Text,
    Number,
    /// Milliseconds.
    Timeout,
}

/// As many as there are.
pub(super) const MANY: usize = usize::MAX;

/// The command of this name.
pub(super) fn find(name: &str) -> Option<&'static Spec> {
    COMMANDS.iter().find(|spec| spec.name == name)
}

/// The command that `name` may have been meant for.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    crate::domain::nearest(name, COMMANDS.iter().map(|spec| spec.name))
}

const fn flag(long: &'static str, short: char) -> Opt {
    Opt { long, short, takes: Takes::Nothing, newer: false }
}

const fn text(long: &'static str, short: char) -> Opt {
    Opt { long, short, takes: Takes::Text, newer: false }
}

const fn number(long: &'static str, short: char) -> Opt {
    Opt { long, short, takes: Takes::Number, newer: false }
}

const fn timeout() -> Opt {
    Opt { long: "timeout", short: 't', takes: Takes::Timeout, newer: false }
}

const fn newer(option: Opt) -> Opt {
    Opt { newer: true, ..option }
}

const fn command(
    name: &'static str,
    options: &'static [Opt],
    min: usize,
    max: usize,
    effect: Effect,
    feature: &'static Feature,
) -> Spec {
    Spec { name, options, arguments: (min, max), effect, feature }
}

const QUIET: Opt = newer(flag("quiet", 'q'));
const RETIMEOUT: Opt = Opt { long: "retimeout", short: 'r', takes: Takes::Timeout, newer: true };
const LOAD: &[Opt] = &[text("name", 'n'), timeout(), QUIET, flag("autofree", 'a')];
const EXECUTE: &[Opt] = &[text("name", 'n'), timeout(), QUIET, flag("autofree", 'a'), flag("replace", 'r')];
const CERTIFICATE: &[Opt] = &[text("subject", 's'), flag("keep", 'k')];
const CONFIGURE: &[Opt] = &[text("configurator", 'c'), newer(timeout())];
const DIGESTED: &[Opt] = &[newer(text("set", 's'))];
const INTERFACE: &[Opt] = &[text("name", 'n'), flag("delete", 'd')];
const SAN: &[Opt] = &[
    number("drive", 'd'),
    flag("no-describe", 'n'),
    flag("keep", 'k'),
    text("filename", 'f'),
    newer(text("extra", 'e')),
    newer(text("label", 'l')),
    newer(text("uuid", 'u')),
];

use Effect::{Ask, Boot, Leave, Plain, Print, Step, Test};

/// Every command, by name.
#[rustfmt::skip]
pub(super) static COMMANDS: &[Spec] = &[
    command("autoboot", &[], 0, MANY, Boot, &CORE),
    command("boot", EXECUTE, 0, MANY, Boot, &CORE),
    command("certfree", CERTIFICATE, 0, 0, Plain, &CERT),
    command("certstat", CERTIFICATE, 0, 0, Plain, &CERT),
    command("certstore", CERTIFICATE, 0, 1, Step, &CERT),
    command("chain", EXECUTE, 0, MANY, Boot, &CORE),
    command("choose", &[text("menu", 'm'), text("default", 'd'), timeout(), RETIMEOUT, flag("keep", 'k')], 1, 1, Ask, &CORE),
    command("clear", &[], 1, 1, Plain, &CORE),
    command("colour", &[number("basic", 'b'), number("rgb", 'r')], 1, 1, Plain, &CONSOLE),
    command("config", &[], 0, 1, Plain, &CORE),
    command("console", &[number("x", 'x'), number("y", 'y'), number("left", 'l'), number("right", 'r'), number("top", 't'), number("bottom", 'b'), number("depth", 'd'), text("picture", 'p'), flag("keep", 'k')], 0, 0, Plain, &CONSOLE),
    command("cpair", &[number("foreground", 'f'), number("background", 'b')], 1, 1, Plain, &CONSOLE),
    command("cpuid", &[flag("ext", 'e'), flag("amd", 'a'), flag("ecx", 'c')], 1, 1, Test, &CPUID),
    command("dhcp", CONFIGURE, 0, MANY, Step, &CORE),
    command("echo", &[flag("n", 'n')], 0, MANY, Print, &CORE),
    command("exit", &[], 0, 1, Leave, &CORE),
    command("fcels", &[text("port", 'p'), text("id", 'i')], 1, 1, Plain, &CORE),
    command("fcstat", &[], 0, 0, Plain, &CORE),
    command("fdt", &[timeout(), QUIET], 0, 1, Step, &FDT),
    command("form", INTERFACE, 0, MANY, Print, &FORM),
    command("gdbstub", &[], 1, MANY, Plain, &GDB),
    command("goto", &[], 1, 1, Leave, &CORE),
    command("help", &[], 0, MANY, Plain, &CORE),
    command("ibstat", &[], 0, 0, Plain, &CORE),
    command("ifclose", &[], 0, MANY, Plain, &CORE),
    command("ifconf", CONFIGURE, 0, MANY, Step, &CORE),
    command("iflinkwait", &[newer(timeout())], 0, MANY, Step, &CORE),
    command("ifopen", &[], 0, MANY, Plain, &CORE),
    command("ifstat", &[], 0, MANY, Plain, &CORE),
    command("imgargs", LOAD, 1, MANY, Plain, &CORE),
    command("imgdecrypt", &[text("name", 'n'), flag("keep", 'k'), timeout(), QUIET], 2, 2, Step, &CRYPT),
    command("imgexec", EXECUTE, 0, MANY, Boot, &CORE),
    command("imgextract", &[text("name", 'n'), flag("keep", 'k'), timeout(), QUIET], 1, 1, Step, &ARCHIVE),
    command("imgfetch", LOAD, 1, MANY, Step, &CORE),
    command("imgfree", &[], 0, MANY, Plain, &CORE),
    command("imgload", LOAD, 1, MANY, Step, &CORE),
    command("imgmem", &[text("name", 'n')], 2, 2, Plain, &IMGMEM),
    command("imgselect", LOAD, 1, MANY, Step, &CORE),
    command("imgset", &[flag("keep", 'k'), timeout(), QUIET], 2, 2, Step, &IMGSET),
    command("imgstat", &[], 0, MANY, Plain, &CORE),
    command("imgtrust", &[flag("allow", 'a'), flag("permanent", 'p')], 0, 0, Plain, &TRUST),
    // What is not signed as it should be ends the script: that is what it is for.
    command("imgverify", &[text("signer", 's'), flag("keep", 'k'), timeout(), QUIET], 2, 2, Plain, &TRUST),
    command("inc", &[], 1, 2, Plain, &CORE),
    command("initrd", LOAD, 1, MANY, Step, &CORE),
    command("ipstat", &[], 0, 0, Plain, &IPSTAT),
    command("iseq", &[], 2, 2, Test, &CORE),
    command("isset", &[], 1, 1, Test, &CORE),
    command("item", &[text("menu", 'm'), newer(text("form", 'f')), text("key", 'k'), flag("default", 'd'), newer(flag("secret", 's')), flag("gap", 'g')], 0, MANY, Print, &CORE),
    command("iwlist", &[], 0, MANY, Plain, &CORE),
    command("iwstat", &[], 0, MANY, Plain, &CORE),
    command("kernel", LOAD, 1, MANY, Step, &CORE),
    command("login", &[], 0, 0, Ask, &CORE),
    command("lotest", &[number("mtu", 'm'), flag("broadcast", 'b')], 2, 2, Step, &LOTEST),
    command("md4sum", DIGESTED, 1, MANY, Plain, &DIGEST),
    command("md5sum", DIGESTED, 1, MANY, Plain, &DIGEST),
    command("menu", INTERFACE, 0, MANY, Print, &CORE),
    command("module", LOAD, 1, MANY, Step, &CORE),
    command("nslookup", &[], 2, 2, Step, &NSLOOKUP),
    command("nstat", &[], 0, 0, Plain, &NEIGHBOUR),
    command("ntp", &[], 1, 1, Step, &NTP),
    command("param", &[text("params", 'p'), newer(flag("header", 'H'))], 1, MANY, Plain, &PARAM),
    command("params", &[text("name", 'n'), newer(text("method", 'm')), flag("delete", 'd')], 0, 0, Plain, &PARAM),
    command("pciscan", &[], 1, 1, Test, &PCI),
    command("ping", &[number("size", 's'), timeout(), number("count", 'c'), flag("quiet", 'q')], 1, 1, Step, &PING),
    command("poweroff", &[], 0, 0, Leave, &POWEROFF),
    command("present", &[text("form", 'f'), flag("keep", 'k')], 0, 0, Ask, &FORM),
    command("profstat", &[], 0, 0, Plain, &PROFSTAT),
    command("prompt", &[text("key", 'k'), timeout()], 0, MANY, Ask, &CORE),
    command("pxebs", &[], 2, 2, Step, &CORE),
    command("read", &[newer(timeout())], 1, 1, Ask, &CORE),
    command("reboot", &[flag("warm", 'w'), newer(flag("setup", 's'))], 0, 0, Leave, &CORE),
    command("route", &[], 0, 0, Plain, &CORE),
    command("sanboot", SAN, 0, MANY, Boot, &CORE),
    command("sanhook", &[number("drive", 'd'), flag("no-describe", 'n')], 1, MANY, Step, &CORE),
    command("sanunhook", &[number("drive", 'd')], 0, 0, Plain, &CORE),
    command("set", &[], 1, MANY, Plain, &CORE),
    command("sha1sum", DIGESTED, 1, MANY, Plain, &DIGEST),
    command("sha224sum", DIGESTED, 1, MANY, Plain, &DIGEST),
    command("sha256sum", DIGESTED, 1, MANY, Plain, &DIGEST),
    command("sha384sum", DIGESTED, 1, MANY, Plain, &DIGEST),
    command("sha512sum", DIGESTED, 1, MANY, Plain, &DIGEST),
    command("shell", &[], 0, 0, Plain, &CORE),
    command("shim", &[timeout(), QUIET, flag("require-loader", 'l'), flag("allow-pxe", 'p'), flag("allow-sbat", 's')], 0, 1, Step, &SHIM),
    command("show", &[newer(flag("quiet", 'q'))], 1, 1, Plain, &CORE),
    command("sleep", &[], 1, 1, Plain, &CORE),
    command("startpxe", &[], 0, MANY, Step, &PXE),
    command("stoppxe", &[], 0, 0, Plain, &PXE),
    command("sync", &[timeout()], 0, 0, Plain, &CORE),
    command("time", &[], 1, MANY, Plain, &TIME),
    command("usbscan", &[], 1, 1, Test, &USB),
    command("vcreate", &[number("tag", 't'), number("priority", 'p')], 1, 1, Plain, &VLAN),
    command("vdestroy", &[], 1, 1, Plain, &VLAN),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        assert!(COMMANDS.is_sorted_by(|a, b| a.name < b.name));
        for spec in COMMANDS {
            let mut short: Vec<char> = spec.options.iter().map(|option| option.short).collect();
            short.sort_unstable();
            assert!(short.is_sorted_by(|a, b| a < b), "{}", spec.name);
            assert!(!short.contains(&'h'), "{}: every command has --help", spec.name);
            assert!(spec.arguments.0 <= spec.arguments.1);
        }
    }
}
