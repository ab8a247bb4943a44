//! What a server under load has to know: machines, rules and an image, as manifests or as its snapshot file.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::failure::{Doing, Result};
use crate::machine::Machine;

/// So many machines and rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// How many machines are registered.
    pub(crate) machines: u32,
    /// How many rules there are; the last one gives every machine its image.
    pub(crate) rules: u32,
    /// The image that machines boot.
    pub(crate) image: &'static str,
}

/// An image, a rule or a machine.
struct Entry {
    noun: &'static str,
    value: Value,
}

impl Room {
    /// Writes all of it as a manifest that `pxe-init-client apply` reads.
    pub(crate) fn write_manifest(self, file: &Path) -> Result<()> {
        let write = || {
            let mut to = BufWriter::new(File::create(file)?);
            let mut before = "[";
            for Entry { noun, mut value } in self.entries() {
                value["noun"] = noun.into();
                write!(to, "{before}{value}")?;
                before = ",\n";
            }
            writeln!(to, "]")?;
            to.flush()
        };
        write().doing(|| format!("can not write {}", file.display()))
    }

    /// Writes all of it as the snapshot file of `database`; see `src/snapshot_file/mod.rs` for the format.
    pub(crate) fn write_snapshot(self, file: &Path, database: &str) -> Result<()> {
        self.try_write_snapshot(file, database).doing(|| format!("can not write {}", file.display()))
    }

    fn try_write_snapshot(self, file: &Path, database: &str) -> io::Result<()> {
        let mut to = BufWriter::with_capacity(256 << 10, File::create(file)?);
        writeln!(to, "{}", header(database, u64::MAX, u64::MAX, &hex(&[0; 32])))?;
        let (mut hash, mut bytes, mut entries) = (Sha256::new(), 0, 0);
        for Entry { noun, value } in self.entries() {
            let line = format!("[1,{{\"{noun}\":{value}}}]\n");
            hash.update(&line);
            bytes += line.len() as u64;
            entries += 1;
            to.write_all(line.as_bytes())?;
        }
        to.rewind()?;
        to.write_all(header(database, entries, bytes, &hex(&hash.finalize())).as_bytes())?;
        to.flush()
    }

    fn entries(self) -> impl Iterator<Item = Entry> {
        let machines = (0..self.machines).map(|i| Entry { noun: "machine", value: Machine(i).registered() });
        let rules = (1..self.rules).map(move |i| rule(i, self.image, &selector(i)));
        let last = rule(0, self.image, &json!({}));
        [image(self.image)].into_iter().chain(machines).chain(rules).chain([last])
    }
}

/// The first line without its end, always of the same length.
fn header(database: &str, entries: u64, bytes: u64, sha256: &str) -> String {
    let said = json!({
        "revision": 1, "confirmed": 1_790_000_000_000_u64, "identity": "load", "database": database,
        "writer": "load", "entries": entries, "bytes": bytes, "sha256": sha256,
    });
    let said = format!("{:<400}", said.to_string());
    format!("pxe-init-snapshot 1 {} {said}", hex(&Sha256::digest(&said)))
}

fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// By what sites group machines: rack, range of MACs, model within a row, network.
fn selector(i: u32) -> Value {
    let place = i / 4;
    let (high, low) = (place >> 8 & 255, place & 255);
    match i % 4 {
        0 => json!({ "label.rack": [format!("r{place:05}")] }),
        1 => json!({ "mac": [format!("52:54:00:{high:02x}:{low:02x}:*")], "platform": ["efi"] }),
        2 => json!({ "product": ["PowerEdge R640", "SYS-*"], "label.row": [format!("row-{place}")] }),
        _ => json!({ "ip": [format!("10.{high}.{low}.0/24")], "arch": ["x86_64"] }),
    }
}

fn rule(i: u32, image: &str, selector: &Value) -> Entry {
    let value = json!({
        "name": if i == 0 { "default".to_owned() } else { format!("rule-{i:05}") },
        "match": selector,
        "image": image,
        "params": { "retry_seconds": 20, "ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI operator"] },
    });
    Entry { noun: "rule", value }
}

fn image(name: &str) -> Entry {
    let templates = match name {
        "coreos" => json!({ "ipxe": "coreos", "ignition": "coreos.ign" }),
        "ubuntu" => json!({
            "ipxe": "ubuntu-autoinstall",
            "user-data": "ubuntu-autoinstall.user-data",
            "meta-data": "ubuntu-autoinstall.meta-data",
        }),
        _ => json!({}),
    };
    let mut params = json!({ "retry_seconds": 15 });
    if name == "coreos" {
        params["ignition"] = true.into();
    }
    let value = json!({
        "name": name,
        "kernel": "assets/fedora/vmlinuz-6.16.4",
        "initrds": ["assets/fedora/initramfs-6.16.4.img"],
        "rootfs": "assets/fedora/rootfs-6.16.4.img",
        "args": ["quiet", "systemd.unified_cgroup_hierarchy=1"],
        "params": params,
        "templates": templates,
    });
    Entry { noun: "image", value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_of_one_length() {
        let long = header("postgres:127.0.0.1:1/away", u64::MAX, u64::MAX, &hex(&[0; 32]));
        assert_eq!(header("postgres:127.0.0.1:1/away", 1, 2, &hex(&[255; 32])).len(), long.len());
    }
}
