//! A machine room: so many machines, so many rules, and what the machines ask.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use pxe_init::catalog::Catalog;
use pxe_init::domain::{Change, Changes, Facts, Image, Machine, Rule, Stamped};
use pxe_init::http::facts_from_query;
use serde_json::json;

/// The sizes that issue 4 compares.
pub(crate) const MACHINES: [usize; 3] = [1, 1_000, 100_000];
/// The sizes that issue 4 compares.
pub(crate) const RULES: [usize; 3] = [1, 100, 10_000];

/// How many different machines ask, one after the other, so that the processor's caches do not hold the answer.
const ASKING: usize = 10_000;

const MACHINES_IN_RACK: usize = 40;
const RACKS_IN_ROW: usize = 20;

const MODELS: [(&str, &str); 4] = [
    ("Dell%20Inc.", "PowerEdge%20R640"),
    ("Supermicro", "SYS-1029P-WTR"),
    ("HPE", "ProLiant%20DL360%20Gen10"),
    ("Lenovo", "ThinkSystem%20SR630%20-%5B7X02CTO1WW%5D-"),
];

/// So many machines and rules.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    pub(crate) machines: usize,
    pub(crate) rules: usize,
}

/// What one machine sends, and from where.
pub(crate) struct Question {
    pub(crate) query: String,
    pub(crate) ip: IpAddr,
}

impl Room {
    /// Every combination of the sizes.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        MACHINES.into_iter().flat_map(|machines| RULES.map(|rules| Self { machines, rules }))
    }

    /// Its images, machines and rules.
    pub(crate) fn contents(self) -> impl Iterator<Item = Change> {
        let images = [image("linux", None), image("coreos", Some("coreos"))].map(Change::Image);
        let machines = (0..self.machines).map(|i| Change::Machine(machine(i)));
        images.into_iter().chain(machines).chain(self.rules().map(Change::Rule))
    }

    /// Its rules, the default rule last.
    pub(crate) fn rules(self) -> impl Iterator<Item = Rule> {
        (1..self.rules).map(rule).chain([default_rule()])
    }

    pub(crate) fn changes(self) -> Changes {
        let stamped = |change| Stamped { revision: 1, change };
        Changes { revision: 1, changes: self.contents().map(stamped).collect() }
    }

    pub(crate) fn catalog(self) -> Catalog {
        Catalog::default().with(&self.changes())
    }

    /// What its machines ask, in no order that a cache could foresee.
    pub(crate) fn questions(self) -> Vec<Question> {
        let asking = self.machines.min(ASKING);
        // Prime, and so visits all.
        let stride = 7_919;
        (0..asking).map(|i| question(i * stride % self.machines)).collect()
    }

    pub(crate) fn facts(self) -> Vec<Facts> {
        self.questions().iter().map(|asked| facts_from_query(&asked.query, asked.ip).unwrap()).collect()
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
        write!(f, "{}, {}", count(self.machines, "machine"), count(self.rules, "rule"))
    }
}

/// Goes around `items` for ever.
pub(crate) fn around<'a, T>(items: &'a [T]) -> impl FnMut() -> &'a T {
    let mut items = items.iter().cycle();
    move || items.next().unwrap()
}

/// A registered machine as sites have them: bound to no image, so that the rules decide.
pub(crate) fn machine(i: usize) -> Machine {
    let rack = i / MACHINES_IN_RACK;
    let value = json!({
        "name": format!("node-{i:06}.example.org"),
        "macs": [mac(i, ':'), mac(i + (1 << 20), ':')],
        "uuid": uuid(i),
        "serial": serial(i),
        "hostname": format!("node-{i:06}.example.org"),
        "labels": {
            "environment": if i.is_multiple_of(5) { "staging" } else { "production" },
            "rack": format!("r{rack:04}"),
            "role": "worker",
            "row": format!("row-{}", rack / RACKS_IN_ROW),
        },
        "params": {
            "args": ["console=ttyS1,115200n8", format!("bond={}", mac(i, ':'))],
            "install_disk": "/dev/disk/by-path/pci-0000:00:17.0-ata-1",
            "vlan": 100 + rack % 16,
        },
    });
    serde_json::from_value(value).unwrap()
}

/// Rules by what sites group machines by: rack, range of MACs, model within a row, network.
fn rule(i: usize) -> Rule {
    let place = i / 4;
    let selector = match i % 4 {
        0 => json!({ "label.rack": [format!("r{place:04}")] }),
        1 => json!({ "mac": [format!("{}:*", &mac(place << 8, ':')[..14])], "platform": ["efi"] }),
        2 => json!({ "product": ["PowerEdge R640", "SYS-*"], "label.row": [format!("row-{place}")] }),
        _ => json!({ "ip": [format!("10.{}.{}.0/24", place >> 8 & 255, place & 255)], "arch": ["x86_64"] }),
    };
    let value = json!({
        "name": format!("rule-{i:05}"),
        "match": selector,
        "image": "linux",
        "params": { "retry_seconds": 20, "ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI operator"] },
    });
    serde_json::from_value(value).unwrap()
}

fn default_rule() -> Rule {
    let mut rule = rule(0);
    rule.name = "default".parse().unwrap();
    rule.selector = Default::default();
    rule
}

fn image(name: &str, template: Option<&str>) -> Image {
    let value = json!({
        "name": name,
        "kernel": "assets/fedora/vmlinuz-6.16.4",
        "initrds": ["assets/fedora/initramfs-6.16.4.img"],
        "rootfs": "assets/fedora/rootfs-6.16.4.img",
        "args": ["quiet", "systemd.unified_cgroup_hierarchy=1"],
        "params": { "retry_seconds": 15 },
        "templates": template.iter().map(|template| ("ipxe", template)).collect::<std::collections::BTreeMap<_, _>>(),
    });
    serde_json::from_value(value).unwrap()
}

/// What iPXE makes of `boot.ipxe`.
fn question(i: usize) -> Question {
    let (manufacturer, product) = MODELS[i % MODELS.len()];
    let (uuid, mac, serial) = (uuid(i), mac(i, '-'), serial(i));
    let query = format!(
        "uuid={uuid}&mac={mac}&domain=example.org&hostname=node-{i:06}&serial={serial}&asset=\
         &manufacturer={manufacturer}&product={product}&arch=x86_64&platform=efi"
    );
    let ip = Ipv4Addr::from_bits(10 << 24 | u32::try_from(i).unwrap());
    Question { query, ip: ip.into() }
}

fn mac(i: usize, separator: char) -> String {
    let s = separator;
    format!("52{s}54{s}00{s}{:02x}{s}{:02x}{s}{:02x}", i >> 16 & 255, i >> 8 & 255, i & 255)
}

fn uuid(i: usize) -> String {
    format!("4c4c4544-0042-3510-8052-{:012x}", 0xb4c0_4f00_0000_u64 + i as u64)
}

fn serial(i: usize) -> String {
    format!("CN{i:07}X")
}
