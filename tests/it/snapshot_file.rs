//! The file from which a server starts while its database is away: whole, or not used at all.

mod killed;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use pxe_init::catalog::Catalog;
use pxe_init::domain::{Change, Changes, Image, Kind, Machine, Rule, Stamped, Template, Timestamp};
use pxe_init::snapshot_file::{About, SnapshotFile};
use tempfile::TempDir;

fn about(revision: u64) -> About {
    About {
        revision,
        confirmed: Timestamp(1_790_000_000_000),
        identity: "an-identity".to_owned(),
        boot_key: String::new(),
    }
}

fn changes() -> Changes {
    let mut machine = Machine::new("node1".parse().unwrap());
    machine.macs = vec!["52:54:00:00:00:01".parse().unwrap()];
    machine.image = Some("demo".parse().unwrap());
    machine.params.insert("password".to_owned(), "hunter2\nü".into());
    let template = Template { head: 7, ..Template::new("t".parse().unwrap(), Kind::Ipxe, "#!ipxe\nboot\n") };
    let all = vec![
        Change::Image(Image::new("demo".parse().unwrap())),
        Change::Template(template),
        Change::Rule(Rule::new("default".parse().unwrap())),
        Change::Machine(machine),
    ];
    let stamped = |(i, change)| Stamped { revision: i as u64 + 1, change };
    Changes { revision: 9, changes: all.into_iter().enumerate().map(stamped).collect() }
}

fn written(directory: &Path) -> (SnapshotFile, PathBuf) {
    let path = directory.join("x.snapshot");
    let file = SnapshotFile::new(&path, "postgres:db:5432/pxe");
    file.write(&about(9), &Catalog::default().with(&changes())).unwrap();
    (file, path)
}

#[test]
fn what_was_written_is_read() {
    let directory = TempDir::new().unwrap();
    let (file, path) = written(directory.path());
    let (said, found) = file.read().unwrap();
    assert_eq!(said, about(9));
    let key = |stamped: &Stamped| (stamped.change.noun(), stamped.change.name().clone());
    let (mut found, mut expected) = (found.changes, changes().changes);
    found.sort_by_key(key);
    expected.sort_by_key(key);
    assert_eq!(found, expected);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "it holds secrets");
}

#[test]
fn no_byte_can_change_and_none_be_missing() {
    let directory = TempDir::new().unwrap();
    let (file, path) = written(directory.path());
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        assert!(file.read().is_err(), "byte {at} of {} was changed, and it was read", good.len());
        fs::write(&path, &good[..at]).unwrap();
        assert!(file.read().is_err(), "it was cut off after {at} bytes, and it was read");
    }
    fs::write(&path, [good.as_slice(), b"x"].concat()).unwrap();
    assert!(file.read().is_err(), "something was added");
    fs::write(&path, &good).unwrap();
    assert!(file.read().is_ok());
}

#[test]
fn why_it_is_not_used_is_told() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("x.snapshot");
    let told = |file: &SnapshotFile| file.read().unwrap_err().to_string();
    let file = SnapshotFile::new(&path, "postgres:db:5432/pxe");
    assert_eq!(told(&file), "there is none");
    fs::write(&path, "something else\n").unwrap();
    assert_eq!(told(&file), "it is no snapshot file");
    fs::write(&path, "pxe-init-snapshot 99 x {}\n").unwrap();
    assert_eq!(told(&file), "it is of format 99, and this version knows format 1");
    let (_, path) = written(directory.path());
    let other = SnapshotFile::new(&path, "postgres:other:5432/pxe");
    let expected = "it is of the database postgres:db:5432/pxe, and this server uses postgres:other:5432/pxe";
    assert_eq!(told(&other), expected);
}

#[test]
fn what_a_killed_writer_left_is_no_trouble() {
    let directory = TempDir::new().unwrap();
    let (file, _) = written(directory.path());
    let left = directory.path().join(".x.snapshot.abcdef.tmp");
    fs::write(&left, "half").unwrap();
    fs::write(directory.path().join("precious.tmp"), "x").unwrap();
    assert!(file.read().is_ok());
    file.tidy().unwrap();
    assert!(!left.exists() && directory.path().join("precious.tmp").exists());
}
