//! Machines to try templates on.

use std::sync::{Arc, LazyLock};

use serde_json::json;

use super::context::{Context, Failure, ServerContext};
use crate::domain::{Attribute, Facts, Image, Machine, Params, Rule};

/// A context with a name.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What it is.
    pub name: &'static str,
    /// What a template sees.
    pub context: Context,
    /// Whether its values are legal but awkward, so that a template may well refuse them.
    pub hostile: bool,
}

static SAMPLES: LazyLock<Vec<Sample>> = LazyLock::new(|| {
    vec![
        known_bios(),
        unknown_mac(),
        uefi_arm64(),
        two_initrds(),
        null_image(),
        labels_and_params(),
        hostile(),
    ]
});

/// Every sample, the plainest first.
pub fn all() -> &'static [Sample] {
    &SAMPLES
}

/// A failure for the template `error` to tell, in words that no script should take for its own.
pub fn failure() -> Failure {
    Failure {
        incident: "7f3a".to_owned(),
        template: "linux".to_owned(),
        problem: "linux:3:8: params.x is undefined;\n  || reboot ${x} #1".to_owned(),
        url: "http://boot.example.org:8080/ipxe?mac=52-54-00-12-34-56".to_owned(),
    }
}

/// `context` with one more param, in the lowest layer that it has.
pub fn with_param(context: &Context, key: &str, value: impl Into<serde_json::Value>) -> Context {
    let mut context = context.clone();
    let mut rule = context.rule.as_deref().cloned().unwrap_or_else(|| Rule::new(name("sample")));
    rule.params.entry(key.to_owned()).or_insert_with(|| value.into());
    context.rule = Some(Arc::new(rule));
    context
}

/// `context` without the params that `spoils` says of its own are no good.
pub(super) fn without(context: &Context, spoils: impl Fn(&str, &serde_json::Value) -> bool) -> Context {
    let mut context = context.clone();
    let spoilt = |params: &Params| params.iter().any(|(key, value)| spoils(key, value));
    if let Some(image) = context.image.as_mut().filter(|image| spoilt(&image.params)) {
        Arc::make_mut(image).params.retain(|key, value| !spoils(key, value));
    }
    if let Some(rule) = context.rule.as_mut().filter(|rule| spoilt(&rule.params)) {
        Arc::make_mut(rule).params.retain(|key, value| !spoils(key, value));
    }
    if let Some(machine) = context.machine.as_mut().filter(|machine| spoilt(&machine.params)) {
        Arc::make_mut(machine).params.retain(|key, value| !spoils(key, value));
    }
    context
}

fn known_bios() -> Sample {
    let facts = facts(&[
        (Attribute::Mac, "52:54:00:12:34:56"),
        (Attribute::Uuid, "4c4c4544-0042-3510-8052-b4c04f4d3532"),
        (Attribute::Serial, "B5R52M2"),
        (Attribute::Hostname, "node1"),
        (Attribute::Domain, "example.org"),
        (Attribute::Manufacturer, "QEMU"),
        (Attribute::Product, "Standard PC (i440FX + PIIX, 1996)"),
        (Attribute::Arch, "i386"),
        (Attribute::Platform, "pcbios"),
        (Attribute::Ip, "192.0.2.17"),
    ]);
    let mut machine = Machine::new(name("node1"));
    machine.macs = facts.mac.into_iter().collect();
    machine.hostname = Some("node1".to_owned());
    machine.image = Some(name("coreos"));
    Sample {
        name: "known-bios",
        hostile: false,
        context: context(facts, Some(machine), Some(coreos()), None),
    }
}

fn unknown_mac() -> Sample {
    let facts = facts(&[
        (Attribute::Mac, "52:54:00:ff:ff:01"),
        (Attribute::Uuid, "00000000-0000-0000-0000-000000000000"),
        (Attribute::Product, "X11DPT-B"),
        (Attribute::Arch, "x86_64"),
        (Attribute::Platform, "efi"),
    ]);
    Sample { name: "unknown-mac", hostile: false, context: context(facts, None, None, None) }
}

fn uefi_arm64() -> Sample {
    let facts = facts(&[
        (Attribute::Mac, "52:54:00:aa:64:01"),
        (Attribute::Uuid, "6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        (Attribute::Arch, "arm64"),
        (Attribute::Platform, "efi"),
    ]);
    let mut image = Image::new(name("debian-arm64"));
    image.kernel = Some("http://mirror.example.org/arm64/linux".to_owned());
    image.initrds = vec!["http://mirror.example.org/arm64/initrd.gz".to_owned()];
    image.arch = Some("arm64".to_owned());
    let mut rule = Rule::new(name("arm"));
    rule.priority = 10;
    Sample { name: "uefi-arm64", hostile: false, context: context(facts, None, Some(image), Some(rule)) }
}

fn two_initrds() -> Sample {
    let facts = facts(&[
        (Attribute::Mac, "52:54:00:22:22:22"),
        (Attribute::Serial, "S/N 42"),
        (Attribute::Platform, "efi"),
        (Attribute::Arch, "x86_64"),
    ]);
    let mut image = Image::new(name("linux-microcode"));
    image.kernel = Some("linux/vmlinuz".to_owned());
    image.initrds = vec!["linux/microcode.img".to_owned(), "linux/initrd.img".to_owned()];
    image.rootfs = Some("linux/rootfs.squashfs".to_owned());
    image.args = vec!["console=ttyS0,115200".to_owned(), "---".to_owned(), "quiet".to_owned()];
    Sample {
        name: "two-initrds",
        hostile: false,
        context: context(facts, None, Some(image), Some(Rule::new(name("default")))),
    }
}

fn null_image() -> Sample {
    let facts = facts(&[(Attribute::Mac, "52:54:00:00:00:10"), (Attribute::Platform, "pcbios")]);
    let mut machine = Machine::new(name("done"));
    machine.macs = facts.mac.into_iter().collect();
    machine.image = Some(name("disk"));
    Sample {
        name: "null-image",
        hostile: false,
        context: context(facts, Some(machine), Some(Image::new(name("disk"))), None),
    }
}

fn labels_and_params() -> Sample {
    let facts = facts(&[
        (Attribute::Mac, "52:54:00:77:77:77"),
        (Attribute::Uuid, "11111111-2222-3333-4444-555555555555"),
        (Attribute::Platform, "efi"),
        (Attribute::Arch, "x86_64"),
    ]);
    let mut machine = Machine::new(name("db-1"));
    machine.macs = facts.mac.into_iter().chain("52:54:00:77:77:78".parse()).collect();
    machine.uuid = facts.uuid;
    machine.serial = Some("DB-0001".to_owned());
    machine.hostname = Some("db-1.example.org".to_owned());
    machine.labels = [("rack", "r12"), ("example.org/role", "database")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    machine.params = params(json!({ "ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 ops@example.org"] }));
    let mut rule = Rule::new(name("databases"));
    rule.params = params(json!({ "timezone": "Europe/Berlin", "install_disk": "/dev/nvme0n1" }));
    let mut image = coreos();
    image.params = params(json!({ "timezone": "UTC", "retry_seconds": 5 }));
    image.args = vec!["console=tty0".to_owned(), "console=ttyS0,115200n8".to_owned()];
    Sample {
        name: "labels-and-params",
        hostile: false,
        context: context(facts, Some(machine), Some(image), Some(rule)),
    }
}

/// What firmware and operators really write, and what a hostile DHCP client could send.
fn hostile() -> Sample {
    let facts = facts(&[
        (Attribute::Mac, "52:54:00:66:66:66"),
        (Attribute::Serial, "To Be Filled; || reboot && ${x} #1"),
        (Attribute::Asset, "\"quoted\" 'twice' {{ 7*7 }}"),
        (Attribute::Hostname, "bad host`$(id)`"),
        (Attribute::Manufacturer, "Müller & Söhne"),
        (Attribute::Product, "--timeout 1 \\"),
        (Attribute::Arch, "x86_64"),
        (Attribute::Platform, "efi"),
    ]);
    let mut image = Image::new(name("awkward"));
    image.kernel = Some("http://mirror.example.org/v%C3%A4rde/vmlinuz;v=1".to_owned());
    image.initrds = vec!["http://mirror.example.org/a&b/initrd?x=1&y=2".to_owned()];
    image.args = vec!["dyndbg=\"file drivers/* +p\"".to_owned(), "a=b;c".to_owned()];
    Sample {
        name: "hostile",
        hostile: true,
        context: context(facts, None, Some(image), Some(Rule::new(name("default")))),
    }
}

/// The example image of the first system.
fn coreos() -> Image {
    let path = |file: &str| format!("assets/coreos/fedora-coreos-34.20210725.3.0-live-{file}");
    let mut image = Image::new(name("coreos"));
    image.kernel = Some(path("kernel-x86_64"));
    image.initrds = vec![path("initramfs.x86_64.img")];
    image.rootfs = Some(path("rootfs.x86_64.img"));
    image.arch = Some("x86_64".to_owned());
    image
}

fn context(facts: Facts, machine: Option<Machine>, image: Option<Image>, rule: Option<Rule>) -> Context {
    let server = ServerContext {
        base_url: "http://boot.example.org:8080".into(),
        asset_url: "http://assets.example.org".to_owned(),
        hold_seconds: 30,
        token: None,
    };
    Context {
        facts: Arc::new(facts),
        machine: machine.map(Arc::new),
        image: image.map(Arc::new),
        rule: rule.map(Arc::new),
        server: Arc::new(server),
        failure: None,
    }
}

#[allow(clippy::expect_used, reason = "the names are literals of this file, and a test makes every sample")]
fn name(text: &str) -> crate::domain::Name {
    text.parse().expect("a literal name")
}

#[allow(clippy::expect_used, reason = "the facts are literals of this file, and a test makes every sample")]
fn facts(said: &[(Attribute, &str)]) -> Facts {
    let mut facts = Facts::default();
    for (attribute, value) in said {
        facts.set(*attribute, value).expect("a literal fact");
    }
    facts
}

fn params(json: serde_json::Value) -> Params {
    match json {
        serde_json::Value::Object(map) => map.into_iter().collect(),
        _ => Params::new(),
    }
}
