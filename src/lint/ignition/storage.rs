//! What the types of a configuration do not say: paths, modes, sources, and what may not be given twice.

use super::super::finding::Finding;
use super::super::tree::Node;
use super::{BAD_MODE, BAD_SOURCE, DUPLICATE, MODE, RELATIVE_PATH};

/// Modes that people write in octal digits.
const LOOKS_OCTAL: [u32; 14] = [400, 440, 444, 600, 640, 644, 660, 664, 700, 750, 755, 770, 775, 777];

/// Looks at what Ignition would refuse or misunderstand.
pub(super) fn check(root: &Node, found: &mut Vec<Finding>) {
    let list = |section: &str, key: &str| {
        root.get(section).and_then(|s| s.get(key)).map(Node::items).unwrap_or_default()
    };
    let mut nodes: Vec<&Node> = Vec::new();
    for key in ["files", "directories", "links"] {
        nodes.extend(list("storage", key));
    }
    for node in &nodes {
        if let Some(path) =
            node.get("path").filter(|path| path.text().is_some_and(|text| !text.starts_with('/')))
        {
            let said = path.text().unwrap_or_default();
            found.push(Finding::new(
                &RELATIVE_PATH,
                path.range.clone(),
                format!("the path {said} is relative"),
            ));
        }
        node.get("mode").into_iter().for_each(|value| mode(value, found));
    }
    twice(&nodes, "path", found);
    for (section, key, name) in [
        ("passwd", "users", "name"),
        ("passwd", "groups", "name"),
        ("systemd", "units", "name"),
        ("storage", "disks", "device"),
        ("storage", "raid", "name"),
        ("storage", "luks", "name"),
    ] {
        twice(&list(section, key).iter().collect::<Vec<_>>(), name, found);
    }
    sources(root, found);
}

fn mode(node: &Node, found: &mut Vec<Finding>) {
    let Some(number) = node.number() else { return };
    if !(0.0..=4095.0).contains(&number) || number.fract() != 0.0 {
        found.push(Finding::new(&BAD_MODE, node.range.clone(), format!("{number} is no mode")));
    } else if LOOKS_OCTAL.iter().any(|octal| f64::from(*octal) == number) {
        let meant = u32::from_str_radix(&number.to_string(), 8).unwrap_or_default();
        let finding = Finding::new(&MODE, node.range.clone(), format!("{number} is decimal here"));
        found.push(finding.help(format!("write {meant} for 0{number}")));
    }
}

fn twice(nodes: &[&Node], key: &str, found: &mut Vec<Finding>) {
    let names: Vec<&Node> = nodes.iter().filter_map(|node| node.get(key)).collect();
    for (i, name) in names.iter().enumerate() {
        if name.text().is_some() && names[..i].iter().any(|before| before.text() == name.text()) {
            let message = format!("the {key} {} is given twice", name.text().unwrap_or_default());
            found.push(Finding::new(&DUPLICATE, name.range.clone(), message));
        }
    }
}

/// Every `source` of the configuration, wherever it stands.
fn sources(node: &Node, found: &mut Vec<Finding>) {
    for (key, value) in node.entries() {
        match value.text().filter(|_| key.text == "source") {
            Some(url) => source(url, value, found),
            None => sources(value, found),
        }
    }
    node.items().iter().for_each(|item| sources(item, found));
}

fn source(url: &str, node: &Node, found: &mut Vec<Finding>) {
    let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
    let message = match scheme {
        "data" if !rest.contains(',') => format!("the data URL {url} has no comma"),
        "http" | "https" | "tftp" | "s3" | "gs"
            if !rest.strip_prefix("//").is_some_and(|host| !host.is_empty() && !host.starts_with('/')) =>
        {
            format!("the URL {url} names no host")
        }
        "http" | "https" | "tftp" | "s3" | "gs" | "arn" | "data" => return,
        // An empty source is no content at all.
        "" if url.is_empty() => return,
        _ => format!("{url} is no URL that Ignition fetches"),
    };
    found.push(Finding::new(&BAD_SOURCE, node.range.clone(), message));
}
