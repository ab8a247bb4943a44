//! A writer that is killed at any moment leaves the old file or the new one.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use pxe_init::catalog::Catalog;
use pxe_init::domain::{Change, Changes, Machine, Stamped, Timestamp};
use pxe_init::snapshot_file::{About, SnapshotFile};
use tempfile::TempDir;

/// Names the file to the process that is killed.
const VARIABLE: &str = "PXE_INIT_TEST_SNAPSHOT_WRITER";

const ROUNDS: u64 = 25;

/// This test is both processes: the one that writes without end, and the one that kills it.
#[test]
fn a_kill_leaves_the_old_file_or_the_new_one() {
    if let Some(path) = env::var_os(VARIABLE) {
        write_without_end(&file(Path::new(&path)));
    }
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("x.snapshot");
    let file = file(&path);
    let (mut last, mut left) = (0, 0);
    for round in 0..ROUNDS {
        let mut writer = Command::new(env::current_exe().unwrap())
            .args(["--exact", "snapshot_file::killed::a_kill_leaves_the_old_file_or_the_new_one"])
            .env(VARIABLE, &path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while file.read().map_or(0, |(about, _)| about.revision) == last {
            assert!(writer.try_wait().unwrap().is_none(), "the writer ended by itself");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(round * 1_777 % 20_000));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let (about, changes) = file.read().unwrap_or_else(|problem| panic!("round {round}: {problem}"));
        assert_eq!(changes.changes.len(), entries(about.revision), "revision {} as a whole", about.revision);
        assert!(about.revision > last, "what was finished stays");
        last = about.revision;
        left += unfinished(directory.path());
        file.tidy().unwrap();
        assert_eq!(unfinished(directory.path()), 0);
    }
    assert!(left > 0, "no writer was killed in the middle, so that this test showed nothing");
}

fn file(path: &Path) -> SnapshotFile {
    SnapshotFile::new(path, "sqlite:/test.db")
}

/// How many entries the catalog of a revision has: each has another number than the one before.
fn entries(revision: u64) -> usize {
    usize::try_from(200 + revision % 300).unwrap()
}

fn write_without_end(file: &SnapshotFile) -> ! {
    let mut revision = file.read().map_or(0, |(about, _)| about.revision);
    loop {
        revision += 1;
        let changes = (0..entries(revision)).map(|i| {
            let machine = Machine::new(format!("m{i}").parse().unwrap());
            Stamped { revision, change: Change::Machine(machine) }
        });
        let catalog = Catalog::default().with(&Changes { revision, changes: changes.collect() });
        let about =
            About { revision, confirmed: Timestamp(0), identity: "one".to_owned(), boot_key: String::new() };
        file.write(&about, &catalog).unwrap();
    }
}

fn unfinished(directory: &Path) -> usize {
    let names = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".tmp")).count()
}
