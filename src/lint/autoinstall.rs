//! Subiquity's autoinstall (<https://canonical-subiquity.readthedocs-hosted.com/en/latest/reference/autoinstall-reference.html>).

use super::finding::Finding;
use super::rule::rules;
use super::shape::Shape::{Any, Bool, Either, List, Map, Names, Number, Text};
use super::shape::{self, Rules, Shape, field, required};
use super::tree::{Node, Value};
use super::yaml;

rules! {
VERSION = "AUT001" Error, "autoinstall version",
    "Subiquity reads version 1 only; without it the installer stops and asks.",
    "Write `version: 1`.";
UNKNOWN_KEY = "AUT002" Warning, "unknown key",
    "Subiquity ignores it with a warning; a later release will refuse it.",
    "Correct the key.";
MISTYPED = "AUT003" Error, "wrong type",
    "Subiquity refuses the whole file, and the installation stops.",
    "Give a value of the right type.";
MISSING = "AUT004" Error, "missing key",
    "Subiquity refuses the whole file, and the installation stops.",
    "Add the key.";
NO_USER = "AUT005" Warning, "nobody can log in",
    "There is neither `identity` nor `user-data`, so the installed system has no user; Subiquity refuses that but for systems that are set up otherwise.",
    "Add `identity`, or users in `user-data`.";
}

/// Everything that is wrong with an autoinstall file, with or without the key `autoinstall` around it.
pub(super) fn check(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(root) = yaml::parse(text, &mut found) else { return found };
    inner(root.get("autoinstall").unwrap_or(&root), &mut found);
    found
}

/// The same for what stands under `autoinstall` in user-data.
pub(super) fn inner(root: &Node, found: &mut Vec<Finding>) {
    let rules = Rules {
        unknown: &UNKNOWN_KEY,
        mistyped: &MISTYPED,
        missing: &MISSING,
        duplicate: &yaml::DUPLICATE_KEY,
        nothing: false,
        version: 0,
        called: "",
    };
    shape::check(root, &AUTOINSTALL, "autoinstall", &rules, found);
    if !matches!(root.value, Value::Map(_)) {
        return;
    }
    let start =
        root.entries().first().map_or(root.range.start..root.range.start, |(key, _)| key.range.clone());
    match root.get("version") {
        Some(version) if version.number() == Some(1.0) => {}
        Some(version) => found.push(Finding::new(&VERSION, version.range.clone(), "the version is not 1")),
        None => found.push(Finding::new(&VERSION, start.clone(), "autoinstall.version is missing")),
    }
    let asks = root.get("interactive-sections").is_some();
    if root.get("identity").is_none() && root.get("user-data").is_none() && !asks {
        found.push(Finding::new(&NO_USER, start, "there is neither identity nor user-data"));
    }
}

const COMMANDS: Shape = List(&Either(&[Text, List(&Text)]));
const OBJECT: Shape = Names(&Any);

static AUTOINSTALL: Shape = Map(&[
    field("version", Any),
    field("active-directory", OBJECT),
    field("apt", OBJECT),
    field("codecs", OBJECT),
    field("debconf-selections", Text),
    field("drivers", OBJECT),
    field("early-commands", COMMANDS),
    field("error-commands", COMMANDS),
    field(
        "identity",
        Map(&[
            required("username", Text),
            required("hostname", Text),
            required("password", Text),
            field("realname", Text),
            field("groups", Any),
        ]),
    ),
    field("interactive-sections", List(&Text)),
    field("kernel", Map(&[field("package", Text), field("flavor", Text)])),
    field("kernel-crash-dumps", Map(&[required("enabled", Any)])),
    field("keyboard", Map(&[required("layout", Text), field("variant", Text), field("toggle", Any)])),
    field("late-commands", COMMANDS),
    field("locale", Text),
    field("network", OBJECT),
    field("oem", Map(&[required("install", Either(&[Bool, Text]))])),
    field("packages", List(&Text)),
    field("proxy", Any),
    field("refresh-installer", Map(&[field("update", Bool), field("channel", Text)])),
    field("reporting", OBJECT),
    field("shutdown", Text),
    field("snaps", List(&Map(&[required("name", Text), field("channel", Text), field("classic", Bool)]))),
    field("source", Map(&[field("search_drivers", Bool), field("id", Text)])),
    field(
        "ssh",
        Map(&[field("install-server", Bool), field("authorized-keys", List(&Text)), field("allow-pw", Bool)]),
    ),
    field("storage", OBJECT),
    field("timezone", Text),
    field("ubuntu-advantage", OBJECT),
    field("ubuntu-pro", OBJECT),
    field("updates", Text),
    field("user-data", OBJECT),
    field(
        "zdevs",
        List(&Map(&[
            field("id", Text),
            field("enabled", Bool),
            field("comment", Text),
            field("count", Number),
        ])),
    ),
]);
