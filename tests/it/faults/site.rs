//! Two servers on one database, machines that boot from both, and an operator at the first.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use pxe_init::proto::pxe_init as v1;
use tempfile::TempDir;

use super::load::{ASK, Load};
use super::writes::Writes;
use crate::app::TestApp;
use crate::store::database::Database;

/// The longest that anything may take here.
const LONGEST: Duration = Duration::from_secs(45);

pub(super) struct Site {
    pub(super) servers: Vec<TestApp>,
    load: Load,
    writes: Writes,
}

impl Site {
    /// With two servers that reach their database by this URL.
    pub(super) async fn on(url: &str) -> Self {
        let servers = vec![server(url).await, server(url).await];
        servers[0].image("demo", |_| ()).await;
        servers[0].machine("node1", "52:54:00:00:00:01", |machine| machine.image = "demo".into()).await;
        for server in &servers {
            until("the machine is known", || async {
                server.get(ASK).await.header("x-pxe-init-outcome") == Some("rendered")
            })
            .await;
        }
        Self::of(servers).await
    }

    /// Of servers that know the machine.
    pub(super) async fn of(servers: Vec<TestApp>) -> Self {
        let addresses: Vec<_> = servers.iter().map(|server| server.http).collect();
        let load = Load::on(&addresses).await;
        let writes = Writes::to(servers[0].grpc, false);
        Self { servers, load, writes }
    }

    /// Waits until machines booted and were registered, and every server is level with its database.
    pub(super) async fn is_well(&self) {
        for server in &self.servers {
            until("it is not stale", || async { is_stale(server).await.is_none() }).await;
        }
        let (acknowledged, _) = self.writes.counts();
        until("writes are acknowledged", || async { self.writes.counts().0 >= acknowledged + 10 }).await;
        self.goes_on().await;
    }

    /// Waits until every server says that it is stale, and for longer and longer, and writes were refused.
    pub(super) async fn is_cut_off(&self) {
        let (_, refused) = self.writes.counts();
        for server in &self.servers {
            until("it is stale", || async { is_stale(server).await.is_some() }).await;
            let first = is_stale(server).await.unwrap_or_default();
            until("its age grows", || async { is_stale(server).await.is_some_and(|age| age > first + 0.5) })
                .await;
        }
        until("writes are refused", || async { self.writes.counts().1 >= refused + 2 }).await;
        self.goes_on().await;
    }

    /// Waits until writes were refused although reads work.
    pub(super) async fn refuses_writes(&self) {
        let (_, refused) = self.writes.counts();
        until("writes are refused", || async { self.writes.counts().1 >= refused + 2 }).await;
        self.goes_on().await;
    }

    async fn goes_on(&self) {
        let asked = self.load.asked();
        until("machines boot", || async { self.load.asked() >= asked + 40 }).await;
    }

    /// Ends all, and fails if a boot or a write was lost.
    pub(super) async fn settle(self, database: &str) {
        self.load.end().await;
        let came = self.writes.end().await;
        assert!(came.acknowledged.len() >= 10, "only {} writes", came.acknowledged.len());
        let kept = stored(database).await;
        let lost: Vec<_> = came.acknowledged.difference(&kept).collect();
        assert!(lost.is_empty(), "{} acknowledged writes are not in the database: {lost:?}", lost.len());
        for server in &self.servers {
            until("it knows all that is stored", || async { known(server).await == stored(database).await })
                .await;
        }
        for server in self.servers {
            server.stop().await;
        }
    }
}

pub(super) async fn server(url: &str) -> TestApp {
    let dir = TempDir::new().unwrap();
    in_dir(dir, url).await
}

pub(super) async fn in_dir(dir: TempDir, url: &str) -> TestApp {
    let file = dir.path().join("x.snapshot").display().to_string();
    let settings = [("database.url", url), ("snapshot.file", &file), ("database.timeout_seconds", "1")];
    TestApp::in_dir(dir, &settings).await
}

/// The names of all machines that a server knows.
pub(super) async fn known(server: &TestApp) -> BTreeSet<String> {
    let request = v1::ExportRequest { nouns: vec!["machine".into()], ..Default::default() };
    let mut all = server.catalog().await.export(request).await.unwrap().into_inner();
    let mut names = BTreeSet::new();
    while let Some(part) = all.message().await.unwrap() {
        match part.resource.and_then(|resource| resource.resource) {
            Some(v1::resource::Resource::Machine(machine)) => names.insert(machine.name),
            other => panic!("{other:?}"),
        };
    }
    names
}

/// The names of all machines in the database.
pub(super) async fn stored(url: &str) -> BTreeSet<String> {
    let rows = Database { url: url.to_owned() }
        .query("SELECT name FROM machines WHERE NOT deleted", &["name"])
        .await;
    rows.into_iter().flatten().collect()
}

/// How old what it serves is, if the database can not confirm it.
async fn is_stale(server: &TestApp) -> Option<f64> {
    let body: serde_json::Value = serde_json::from_str(&server.get("/ready").await.body).unwrap();
    body["stale"].as_bool().unwrap().then(|| body["age_seconds"].as_f64().unwrap())
}

pub(super) async fn until<F: Future<Output = bool>>(what: &str, mut so: impl FnMut() -> F) {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < LONGEST, "not so in {LONGEST:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
