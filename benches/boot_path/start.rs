//! How a server starts and follows with very many machines: `make bench ARGS=start`, with `PXE_INIT_BENCH_MACHINES` of
//! them (a million otherwise). Each step is timed once, on the wall clock: it is what an operator waits for.

use std::env;
use std::fs;
use std::time::Instant;

use pxe_init::domain::{Actor, Change, Changes, Timestamp};
use pxe_init::service::Service;
use pxe_init::snapshot_file::{About, SnapshotFile};
use pxe_init::store::Store;
use sea_orm::{ConnectionTrait, Database};
use tempfile::TempDir;

use super::database::{POSTGRES, open, put, service, sqlite, wait_for};
use super::room::machine;

/// Names how many machines there are.
const MACHINES: &str = "PXE_INIT_BENCH_MACHINES";

const MANY: usize = 10_000;

pub(crate) fn is_asked_for() -> bool {
    env::args().skip(1).any(|argument| argument == "start")
}

pub(crate) fn run() {
    let machines: usize = env::var_os(MACHINES).map_or(1_000_000, |n| n.to_str().unwrap().parse().unwrap());
    let directory = TempDir::new().unwrap();
    println!("\nstart with {machines} machines, each step once");
    wait_for(async {
        one("SQLite", &sqlite(&directory.path().join("start.db")), machines, &directory).await;
        match env::var_os(POSTGRES) {
            Some(url) => one("Postgres", url.to_str().unwrap(), machines, &directory).await,
            None => println!("  Postgres: left out, since {POSTGRES} names none"),
        }
    });
}

async fn one(name: &str, url: &str, machines: usize, directory: &TempDir) {
    let store = open(url).await;
    if store.revision().await.unwrap() == 0 {
        fill(url, machines).await;
    }
    let file = SnapshotFile::new(directory.path().join(format!("{name}.snapshot")), "bench");
    let writer = step(name, "load from the database", load(&store, None)).await;
    let follower = load(&open(url).await, None).await;
    let about =
        About { revision: 1, confirmed: Timestamp(0), identity: "bench".to_owned(), boot_key: String::new() };
    let catalog = writer.snapshot().unwrap().catalog.clone();
    let bytes = step(name, "write the snapshot file", async { file.write(&about, &catalog).unwrap() }).await;
    println!("  {name}: the file has {} MB", bytes >> 20);
    step(name, "read the snapshot file alone", async { file.read_into(|_, _| ()).unwrap() }).await;
    let (_, changes) = file.read().unwrap();
    let Changes { revision, changes } = changes;
    step(name, "index alone", async {
        pxe_init::catalog::Catalog::default().with(&Changes { revision, changes })
    })
    .await;
    let fallen = service(Some(file));
    step(name, "serve from the snapshot file", fallen.fall_back()).await;
    assert!(fallen.snapshot().is_ok());
    for (what, first, count) in [("follow 1 change", 0, 1), ("follow 10,000 changes", 1, MANY)] {
        put(&store, (first..first + count).map(|i| Change::Machine(machine(i + (1 << 21))))).await;
        step(name, what, async { follower.catch_up().await.unwrap() }).await;
    }
    println!("  {name}: {} MB resident at most so far", peak() >> 10);
}

async fn load(store: &Store, file: Option<SnapshotFile>) -> Service {
    let service = service(file);
    service.attach(store.clone());
    service.catch_up().await.unwrap();
    service
}

async fn step<T>(name: &str, what: &str, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let result = work.await;
    println!("  {:<45} {:>10.1} ms", format!("{name}: {what}"), begun.elapsed().as_secs_f64() * 1e3);
    result
}

/// The most memory that this process had, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// As SQL that both databases know; through the store a million take ten minutes. What it writes is what
/// [`super::room::machine`] makes, but for its numbers.
async fn fill(url: &str, machines: usize) {
    let database = Database::connect(url).await.unwrap();
    let numbers = format!(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {}) ",
        machines - 1
    );
    let digits = "substr(CAST(10000000 + i AS TEXT), 2)";
    let name = format!("'node-' || {digits} || '.example.org'");
    let labels = "'{\"environment\":\"production\",\"rack\":\"r' || i / 40 || '\",\"role\":\"worker\",\"row\":\"row-' || i / 800 || '\"}'";
    let params = format!(
        "'{{\"args\":[\"console=ttyS1,115200n8\",\"bond=52:54:00:' || {digits} || '\"],\
         \"install_disk\":\"/dev/disk/by-path/pci-0000:00:17.0-ata-1\",\"vlan\":' || i % 16 || '}}'"
    );
    database
        .execute_unprepared(&format!(
            "INSERT INTO machines (name, uuid, serial, serial_key, hostname, labels, params, image, templates, \
             revision, deleted) {numbers} SELECT {name}, '4c4c4544-0042-3510-8052-00000' || {digits}, \
             'CN' || {digits} || 'X', 'cn' || {digits} || 'x', {name}, {labels}, {params}, NULL, '{{}}', 1, false FROM n"
        ))
        .await
        .unwrap();
    for position in 0..2 {
        let pair = |at: u8| format!("substr(CAST(10000000 + i AS TEXT), {at}, 2)");
        let mac = format!(
            "'06:0{position}:' || {} || ':' || {} || ':' || {} || ':' || {}",
            pair(1),
            pair(3),
            pair(5),
            pair(7)
        );
        database
            .execute_unprepared(&format!(
                "INSERT INTO machine_macs (mac, machine, position) {numbers} SELECT {mac}, {name}, {position} FROM n"
            ))
            .await
            .unwrap();
    }
    database.execute_unprepared("UPDATE catalog_revision SET revision = 1").await.unwrap();
    database.close().await.unwrap();
    let actor = Actor { name: "bench".to_owned(), origin: "127.0.0.1".to_owned() };
    let store = open(url).await;
    let mut write = store.begin(&actor, Timestamp(0)).await.unwrap();
    write.put(&Change::Machine(machine(1 << 22)), "").await.unwrap();
    write.commit().await.unwrap();
    store.close().await;
}
