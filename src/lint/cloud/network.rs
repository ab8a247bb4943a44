//! network-config of version 1 and 2.

use super::super::finding::Finding;
use super::super::shape::Shape::{Any, List, Map, Names, Number, Text};
use super::super::shape::{self, Field, Rules, Shape, field, required};
use super::super::tree::Node;
use super::super::yaml;
use super::{NETWORK_KEY, NETWORK_MISSING, NETWORK_TYPE, NETWORK_VERSION};

/// What version 1 can configure.
const TYPES: [&str; 9] =
    ["bond", "bridge", "infiniband", "loopback", "nameserver", "physical", "route", "vlan", "none"];

/// Everything that is wrong with a network configuration. An empty one means DHCP.
pub(in crate::lint) fn check(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let Some(root) = yaml::parse(text, &mut found) else { return found };
    let root = root.get("network").unwrap_or(&root);
    let rules = Rules {
        unknown: &NETWORK_KEY,
        mistyped: &NETWORK_TYPE,
        missing: &NETWORK_MISSING,
        duplicate: &yaml::DUPLICATE_KEY,
        nothing: true,
        version: 0,
        called: "",
    };
    let version = root.get("version");
    let is_disabled = root.get("config").and_then(Node::text) == Some("disabled");
    match version.and_then(Node::number) {
        _ if is_disabled => {}
        Some(1.0) => {
            shape::check(root, &VERSION_1, "", &rules, &mut found);
            for item in root.get("config").map(Node::items).unwrap_or_default() {
                let kind =
                    item.get("type").filter(|kind| kind.text().is_some_and(|text| !TYPES.contains(&text)));
                if let Some(kind) = kind {
                    let message = format!("there is no type {:?}", kind.text().unwrap_or_default());
                    found.push(Finding::new(&NETWORK_TYPE, kind.range.clone(), message));
                }
            }
        }
        Some(2.0) => shape::check(root, &VERSION_2, "", &rules, &mut found),
        _ => {
            let at = version.map_or(root.range.start..root.range.start + 1, |node| node.range.clone());
            found.push(Finding::new(
                &NETWORK_VERSION,
                at,
                match version {
                    Some(_) => "the version is neither 1 nor 2",
                    None => "there is no version",
                },
            ));
        }
    }
    found
}

static VERSION_1: Shape = Map(&[required("version", Number), required("config", List(&Map(ITEM)))]);

const ITEM: &[Field] = &[
    required("type", Text),
    field("name", Text),
    field("mac_address", Text),
    field("mtu", Any),
    field("subnets", List(&Names(&Any))),
    field("accept-ra", Any),
    field("address", Any),
    field("bond_interfaces", List(&Text)),
    field("bridge_interfaces", List(&Text)),
    field("destination", Text),
    field("gateway", Text),
    field("netmask", Any),
    field("interface", Text),
    field("keep_configuration", Any),
    field("metric", Number),
    field("params", Names(&Any)),
    field("search", Any),
    field("vlan_id", Number),
    field("vlan_link", Text),
    field("id", Any),
];

static VERSION_2: Shape = Map(&[
    required("version", Number),
    field("renderer", Text),
    field("ethernets", DEVICES),
    field("bonds", DEVICES),
    field("bridges", DEVICES),
    field("vlans", DEVICES),
    field("wifis", DEVICES),
    field("modems", DEVICES),
    field("tunnels", DEVICES),
    field("vrfs", DEVICES),
    field("dummy-devices", DEVICES),
    field("virtual-ethernets", DEVICES),
    field("openvswitch", Any),
    field("nm-devices", DEVICES),
]);

const DEVICES: Shape = Names(&Names(&Any));
