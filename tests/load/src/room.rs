//! What a server under load has to know: machines, rules and images, in its database or in its snapshot file.

use std::path::Path;

use pxe_init::catalog::Catalog;
use pxe_init::domain::{Actor, Change, Changes, Image, Rule, Stamped, Timestamp};
use pxe_init::snapshot_file::{About, SnapshotFile};
use pxe_init::store::{Options, Store};
use serde_json::json;

use crate::failure::{Doing, Result};
use crate::machine::Machine;

const AT: Timestamp = Timestamp(1_790_000_000_000);

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

impl Room {
    /// Stores all of it in the SQLite database `file`, which is made.
    pub(crate) async fn fill_database(self, file: &Path) -> Result<()> {
        let url = database_url(file);
        let what = || format!("can not fill the database {}", file.display());
        let store = Store::connect(&Options::new(&url)).await.doing(what)?;
        store.migrate().await.doing(what)?;
        let actor = Actor { name: "load".to_owned(), origin: "127.0.0.1".to_owned() };
        let mut write = store.begin(&actor, AT).await.doing(what)?;
        for change in self.contents() {
            write.put(&change?, "").await.doing(what)?;
        }
        write.commit().await.doing(what)?;
        store.close().await;
        Ok(())
    }

    /// Writes all of it to the snapshot file of the database at `url`.
    pub(crate) fn write_snapshot(self, file: &Path, url: &str) -> Result<()> {
        let stamped = self.contents().map(|change| Ok(Stamped { revision: 1, change: change? }));
        let changes = Changes { revision: 1, changes: stamped.collect::<Result<_>>()? };
        let catalog = Catalog::default().with(&changes);
        let about = About { revision: 1, confirmed: AT, identity: "load".to_owned() };
        SnapshotFile::new(file, Options::new(url).place())
            .write(&about, &catalog)
            .doing(|| format!("can not write {}", file.display()))?;
        Ok(())
    }

    fn contents(self) -> impl Iterator<Item = Result<Change>> {
        let image = image(self.image).map(Change::Image);
        let machines = (0..self.machines).map(|i| Machine(i).registered().map(Change::Machine));
        let rules = (1..self.rules).map(|i| rule(i, self.image, &selector(i)).map(Change::Rule));
        let last = rule(0, self.image, &json!({})).map(Change::Rule);
        let all = [image].into_iter().chain(machines).chain(rules).chain([last]);
        all.map(|change| change.doing(|| "a part of the room is not valid".to_owned()))
    }
}

/// The URL of an SQLite database.
pub(crate) fn database_url(file: &Path) -> String {
    format!("sqlite://{}?mode=rwc", file.display())
}

/// By what sites group machines: rack, range of MACs, model within a row, network.
fn selector(i: u32) -> serde_json::Value {
    let place = i / 4;
    let (high, low) = (place >> 8 & 255, place & 255);
    match i % 4 {
        0 => json!({ "label.rack": [format!("r{place:05}")] }),
        1 => json!({ "mac": [format!("52:54:00:{high:02x}:{low:02x}:*")], "platform": ["efi"] }),
        2 => json!({ "product": ["PowerEdge R640", "SYS-*"], "label.row": [format!("row-{place}")] }),
        _ => json!({ "ip": [format!("10.{high}.{low}.0/24")], "arch": ["x86_64"] }),
    }
}

fn rule(i: u32, image: &str, selector: &serde_json::Value) -> Result<Rule, serde_json::Error> {
    serde_json::from_value(json!({
        "name": if i == 0 { "default".to_owned() } else { format!("rule-{i:05}") },
        "match": selector,
        "image": image,
        "params": { "retry_seconds": 20, "ssh_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI operator"] },
    }))
}

fn image(name: &str) -> Result<Image, serde_json::Error> {
    let templates = match name {
        "coreos" => json!({ "ipxe": "coreos", "ignition": "coreos.ign" }),
        "ubuntu" => json!({
            "ipxe": "ubuntu-autoinstall",
            "user-data": "ubuntu-autoinstall.user-data",
            "meta-data": "ubuntu-autoinstall.meta-data",
        }),
        _ => json!({}),
    };
    serde_json::from_value(json!({
        "name": name,
        "kernel": "assets/fedora/vmlinuz-6.16.4",
        "initrds": ["assets/fedora/initramfs-6.16.4.img"],
        "rootfs": "assets/fedora/rootfs-6.16.4.img",
        "args": ["quiet", "systemd.unified_cgroup_hierarchy=1"],
        "params": { "retry_seconds": 15, "ignition": true },
        "templates": templates,
    }))
}
