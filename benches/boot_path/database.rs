//! Databases that hold a room, and what it costs to load it from them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use criterion::Criterion;
use pxe_init::domain::{Actor, Change, Timestamp};
use pxe_init::render::Limits;
use pxe_init::service::{Assets, OnFailure, OnUnknown, Service, Settings};
use pxe_init::snapshot_file::SnapshotFile;
use pxe_init::store::{Options, Store};
use pxe_init::telemetry::{Metrics, Traces};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::room::Room;
use super::steps::BASE_URL;

/// Names a Postgres whose database may be filled.
pub(crate) const POSTGRES: &str = "PXE_INIT_BENCH_POSTGRES";

const LARGE: Room = Room { machines: 100_000, rules: 100 };

const AT: Timestamp = Timestamp(1_790_000_000_000);

/// One runtime for every database; sqlx's pools are bound to theirs.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// A service that has loaded a room from an SQLite database of its own.
pub(crate) struct Filled {
    pub(crate) service: Service,
    pub(crate) metrics: Arc<Metrics>,
    _directory: TempDir,
}

impl Filled {
    pub(crate) fn new(room: Room) -> Self {
        let directory = TempDir::new().unwrap();
        let file = directory.path().join("room.db");
        let machines = Room { rules: 0, ..room };
        fs::copy(machines_file(machines.machines), &file).unwrap();
        let (service, metrics) = RUNTIME.block_on(async {
            let store = open(&sqlite(&file)).await;
            put(&store, room.rules().map(Change::Rule)).await;
            load(store).await
        });
        Self { service, metrics, _directory: directory }
    }
}

/// A database with so many machines and no rules. It is made once in a run, since storing 100,000 machines takes a minute.
fn machines_file(machines: usize) -> PathBuf {
    static DIRECTORY: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().unwrap());
    let file = DIRECTORY.path().join(format!("{machines}.db"));
    if !file.exists() {
        RUNTIME.block_on(async {
            let store = open(&sqlite(&file)).await;
            let is_rule = |change: &Change| matches!(change, Change::Rule(_));
            put(&store, Room { machines, rules: 1 }.contents().filter(|change| !is_rule(change))).await;
            store.close().await;
        });
    }
    file
}

/// The result of `work`, on the runtime that the databases have.
pub(crate) fn wait_for<T>(work: impl Future<Output = T>) -> T {
    RUNTIME.block_on(work)
}

pub(crate) fn sqlite(file: &Path) -> String {
    format!("sqlite://{}?mode=rwc", file.display())
}

pub(crate) async fn open(url: &str) -> Store {
    let store = Store::connect(&Options::new(url)).await.unwrap();
    store.migrate().await.unwrap();
    store
}

pub(crate) async fn put(store: &Store, changes: impl Iterator<Item = Change>) {
    let actor = Actor { name: "bench".to_owned(), origin: "127.0.0.1".to_owned() };
    let mut write = store.begin(&actor, AT).await.unwrap();
    for change in changes {
        write.put(&change, "").await.unwrap();
    }
    write.commit().await.unwrap();
}

async fn load(store: Store) -> (Service, Arc<Metrics>) {
    let metrics = Arc::new(Metrics::new(Arc::new(|| AT), Traces::default()));
    let service = Service::new(None, settings(), Arc::new(|| AT), metrics.clone());
    service.attach(store);
    service.catch_up().await.unwrap();
    (service, metrics)
}

/// A service that has loaded nothing yet.
pub(crate) fn service(file: Option<SnapshotFile>) -> Service {
    Service::new(
        file,
        settings(),
        Arc::new(|| AT),
        Arc::new(Metrics::new(Arc::new(|| AT), Traces::default())),
    )
}

fn settings() -> Settings {
    Settings {
        unknown: OnUnknown::Hold,
        failure: OnFailure::Script,
        hold_seconds: 30,
        assets: Assets::Forward("http://files.example.org".to_owned()),
        serves_assets: false,
        base_url: BASE_URL.to_owned(),
        base_url_fixed: false,
        limits: Limits::default(),
    }
}

pub(crate) fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("load 100000 machines");
    group.sample_size(10);
    group.bench_function("SQLite, the rows", |bencher| {
        let file = machines_file(LARGE.machines);
        let store = RUNTIME.block_on(open(&sqlite(&file)));
        bencher.iter_with_large_drop(|| RUNTIME.block_on(store.changes_since(0)).unwrap());
    });
    group.bench_function("SQLite, until it is served", |bencher| {
        let file = machines_file(LARGE.machines);
        let store = RUNTIME.block_on(open(&sqlite(&file)));
        bencher.iter_with_large_drop(|| RUNTIME.block_on(load(store.clone())));
    });
    let Some(url) = env::var_os(POSTGRES) else {
        println!("load 100000 machines/Postgres: left out, since {POSTGRES} names none");
        return;
    };
    let store = LazyLock::new(|| {
        RUNTIME.block_on(async {
            let store = open(url.to_str().unwrap()).await;
            // What an earlier run left there is as good.
            if store.revision().await.unwrap() == 0 {
                put(&store, LARGE.contents()).await;
            }
            store
        })
    });
    group.bench_function("Postgres, the rows", |bencher| {
        bencher.iter_with_large_drop(|| RUNTIME.block_on(store.changes_since(0)).unwrap());
    });
    group.bench_function("Postgres, until it is served", |bencher| {
        bencher.iter_with_large_drop(|| RUNTIME.block_on(load((*store).clone())));
    });
}
