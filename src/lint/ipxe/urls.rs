//! The URLs that commands open.

use super::Call;
use super::features::{DATA, FTP, Feature, HTTPS, NFS, SLAM};
use super::rules::{BAD_SCHEME, NEEDS_FEATURE, QUOTED_URL, RELATIVE_COLON, UPPER_SCHEME};
use super::script::Word;
use super::words::missing;
use crate::lint::Finding;

/// The schemes that some build knows, and what it must have for them.
const SCHEMES: [(&str, Option<&Feature>); 17] = [
    ("aoe", None),
    ("data", Some(&DATA)),
    ("fcp", None),
    ("file", None),
    ("ftp", Some(&FTP)),
    ("http", None),
    ("https", Some(&HTTPS)),
    ("ib_srp", None),
    ("iscsi", None),
    ("mtftp", None),
    ("nfs", Some(&NFS)),
    ("slam", Some(&SLAM)),
    ("tcp", None),
    ("tftm", None),
    ("tftp", None),
    ("udp", None),
    ("usb", None),
];

/// Which arguments of a command are URLs or names of images: from this one on, so many.
pub(super) fn first(command: &str) -> Option<(usize, usize)> {
    match command {
        "chain" | "boot" | "imgexec" | "kernel" | "imgselect" | "imgload" | "initrd" | "module"
        | "imgfetch" | "imgextract" | "fdt" | "shim" | "certstore" => Some((0, 1)),
        "imgverify" | "imgdecrypt" => Some((0, 2)),
        "imgset" => Some((1, 1)),
        "sanboot" | "sanhook" => Some((0, usize::MAX)),
        _ => None,
    }
}

/// Looks at the URLs of one command.
pub(super) fn check(call: &Call<'_>, found: &mut Vec<Finding>) {
    let Some((skip, take)) = call.spec.and_then(|spec| first(spec.name)) else { return };
    for word in call.parsed.arguments.iter().skip(skip).take(take) {
        url(word, found);
    }
}

fn url(word: &Word, found: &mut Vec<Finding>) {
    let text = word.text.as_str();
    if text.starts_with(['"', '\'']) {
        let message = format!("the quote belongs to the URL {text}");
        found.push(Finding::new(&QUOTED_URL, word.range.clone(), message));
        return;
    }
    if text.starts_with("${") || super::form::is_leftover(text) {
        return;
    }
    let is_scheme = |scheme: &str| {
        !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphabetic() || c == '-' || c == '_')
    };
    match text.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
        Some((scheme, rest)) => absolute(word, scheme, rest, found),
        None => relative(word, found),
    }
}

fn absolute(word: &Word, scheme: &str, rest: &str, found: &mut Vec<Finding>) {
    let lower = scheme.to_ascii_lowercase();
    let range = word.part(0..scheme.len());
    let Some((_, feature)) = SCHEMES.iter().find(|(known, _)| *known == lower) else {
        // `localhost:8080/x` is no scheme for whoever wrote it.
        let finding = Finding::new(&BAD_SCHEME, range, format!("iPXE knows no scheme `{scheme}:`"));
        found.push(match rest.starts_with(|c: char| c.is_ascii_digit()) {
            true => finding.help(format!("write http://{}", word.text)),
            false => finding,
        });
        return;
    };
    if scheme != lower {
        found.push(Finding::new(&UPPER_SCHEME, range.clone(), format!("write `{lower}:`, not `{scheme}:`")));
    }
    let lacks_host = match rest.strip_prefix("//") {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => !rest.starts_with("${"),
    };
    if matches!(lower.as_str(), "http" | "https" | "ftp" | "nfs") && lacks_host {
        let message = format!("the URL names no host: {}", word.text);
        found.push(Finding::new(&BAD_SCHEME, word.range.clone(), message));
    }
    if let Some(missing) = feature.and_then(missing) {
        let message = format!("`{lower}:` needs an iPXE that is built with {missing}");
        found.push(Finding::new(&NEEDS_FEATURE, range, message));
    }
}

fn relative(word: &Word, found: &mut Vec<Finding>) {
    let text = &word.text;
    let Some(colon) = colon(text) else { return };
    let message = format!("{colon} puts a `:` into the relative URL, which iPXE before 2020 can not open");
    let finding = Finding::new(&RELATIVE_COLON, word.range.clone(), message);
    let host = text.split(['/', '?']).next().unwrap_or_default();
    found.push(match host.split_once(':') {
        Some((name, port)) if name.contains('.') && port.parse::<u16>().is_ok() => {
            finding.help(format!("write http://{text}, if {name} is a host"))
        }
        _ => finding,
    });
}

/// What in a relative URL becomes a colon: one that stands there, or a setting that prints with colons.
fn colon(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find([':', '$']) {
        let here = &rest[at..];
        if here.starts_with(':') {
            return Some(format!(
                "`{}`",
                text.split(['?', '&']).find(|part| part.contains(':')).unwrap_or(text)
            ));
        }
        let Some((setting, after)) = here.strip_prefix("${").and_then(|inner| inner.split_once('}')) else {
            rest = &here[1..];
            continue;
        };
        let (name, kind) = setting.split_once(':').unwrap_or((setting, ""));
        let last = name.rsplit('/').next().unwrap_or_default();
        let colons = kind == "hex"
            || kind.is_empty() && matches!(last, "mac" | "hwaddr" | "busid" | "ip6" | "gateway6" | "dns6");
        if colons {
            return Some(format!("`${{{setting}}}`"));
        }
        rest = after;
    }
    None
}
