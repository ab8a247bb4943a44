//! Says of a file what it is, by its name and by how it begins.

use std::path::Path;

use crate::domain::Kind;

/// The kind of a file; text if nothing tells.
pub(super) fn kind(path: &Path, document: &str) -> Kind {
    let name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let name = name.trim_end_matches(".yaml").trim_end_matches(".yml");
    let begin = document.trim_start_matches('\u{feff}').trim_start();
    by_name(name).or_else(|| by_beginning(begin)).unwrap_or(Kind::Text)
}

/// The kind of what a template makes; text if neither its name nor its beginning nor its directory tells.
pub(super) fn template_kind(path: &Path, source: &str) -> Kind {
    // A template keeps the name of what it makes: user-data.yaml.j2.
    let name = path.with_extension("");
    let mut begin = source.trim_start();
    while let Some((_, after)) = begin.strip_prefix("{#").and_then(|comment| comment.split_once("#}")) {
        begin = after.trim_start();
    }
    let directory = || path.parent()?.file_name()?.to_str()?.parse().ok();
    match kind(&name, begin) {
        Kind::Text => directory().unwrap_or(Kind::Text),
        kind => kind,
    }
}

fn by_name(name: &str) -> Option<Kind> {
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    Some(match last {
        "ipxe" => Kind::Ipxe,
        "ign" | "ignition" => Kind::Ignition,
        "ks" | "kickstart" => Kind::Kickstart,
        "preseed" => Kind::Preseed,
        "autoinstall" => Kind::Autoinstall,
        "user-data" => Kind::UserData,
        "meta-data" => Kind::MetaData,
        "vendor-data" => Kind::VendorData,
        "network-config" => Kind::NetworkConfig,
        "grub" => Kind::Grub,
        _ if name == "grub.cfg" => Kind::Grub,
        _ if name.starts_with("preseed") => Kind::Preseed,
        _ => return None,
    })
}

fn by_beginning(begin: &str) -> Option<Kind> {
    let head = begin.get(..begin.len().min(400)).unwrap_or(begin);
    if begin.to_ascii_lowercase().starts_with("#!ipxe") || begin.starts_with("#!gpxe") {
        Some(Kind::Ipxe)
    } else if begin.starts_with("#cloud-config") {
        Some(Kind::UserData)
    } else if begin.starts_with('{') && begin.contains("\"ignition\"") {
        Some(Kind::Ignition)
    } else if head.starts_with("autoinstall:") {
        Some(Kind::Autoinstall)
    } else if head.lines().any(|line| line.starts_with("d-i ")) {
        Some(Kind::Preseed)
    } else if begin.lines().any(|line| line.trim_end() == "%packages") {
        Some(Kind::Kickstart)
    } else if begin.lines().any(|line| line.starts_with("menuentry ")) {
        Some(Kind::Grub)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_beginnings_tell() {
        for (name, text, expected) in [
            ("boot.ipxe", "", Kind::Ipxe),
            ("x.user-data.yaml", "", Kind::UserData),
            ("user-data", "", Kind::UserData),
            ("grub.cfg", "", Kind::Grub),
            ("x.cfg", "# x\nd-i a b c\n", Kind::Preseed),
            ("x.cfg", "text\n%packages\n%end\n", Kind::Kickstart),
            ("x", "\n#!ipxe\n", Kind::Ipxe),
            ("x.json", "{\"ignition\": {}}", Kind::Ignition),
            ("x", "hello", Kind::Text),
            ("x", "äöü", Kind::Text),
        ] {
            assert_eq!(kind(Path::new(name), text), expected, "{name}");
        }
    }

    #[test]
    fn templates_are_of_the_kind_of_what_they_make() {
        for (name, source, expected) in [
            ("boot.ipxe.j2", "", Kind::Ipxe),
            ("x.user-data.yaml.j2", "", Kind::UserData),
            ("coreos.ign.j2", "", Kind::Ignition),
            ("menu.j2", "{#- a menu -#}\n{# more #}\n#!ipxe\n", Kind::Ipxe),
            ("templates/ipxe/part.j2", "{#- partial -#}\nboot\n", Kind::Ipxe),
            ("part.j2", "boot\n", Kind::Text),
        ] {
            assert_eq!(template_kind(Path::new(name), source), expected, "{name}");
        }
    }
}
