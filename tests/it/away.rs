//! The database goes away, is away at the start, and comes back.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::app::TestApp;
use crate::store::database::{Database, on_postgres};
use pxe_init::proto::pxe_init as v1;

const ASK: &str = "/ipxe?mac=52-54-00-00-00-01";

/// What stands between a server and its database.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    Open,
    /// Connections are closed, and new ones too.
    Cut,
    /// Connections stay, and nothing comes through.
    Stalled,
}

/// A way to the database that can be blocked.
pub(crate) struct Proxy {
    port: u16,
    way: Arc<watch::Sender<Way>>,
}

impl Proxy {
    pub(crate) async fn before(database: &Database, way: Way) -> Self {
        let place = database.url.split("://").nth(1).unwrap().split('/').next().unwrap();
        let real = place.rsplit('@').next().unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sender = Arc::new(watch::Sender::new(way));
        let ways = sender.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, real.clone(), ways.subscribe()));
            }
        });
        Self { port, way: sender }
    }

    pub(crate) fn url(&self, database: &Database) -> String {
        let (head, name) = database.url.rsplit_once('/').unwrap();
        let user = head.split("://").nth(1).unwrap().rsplit_once('@').map_or("postgres", |(user, _)| user);
        format!("postgres://{user}@127.0.0.1:{}/{name}", self.port)
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

async fn carry(mut client: TcpStream, real: String, mut way: watch::Receiver<Way>) {
    loop {
        let now = *way.borrow_and_update();
        match now {
            Way::Cut => return,
            Way::Stalled => way.changed().await.unwrap(),
            Way::Open => break,
        }
    }
    let mut server = TcpStream::connect(real).await.unwrap();
    loop {
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut client, &mut server) => return,
            changed = way.changed() => if changed.is_err() { return },
        }
        loop {
            let now = *way.borrow_and_update();
            match now {
                Way::Cut => return,
                Way::Stalled => {
                    if way.changed().await.is_err() {
                        return;
                    }
                }
                Way::Open => break,
            }
        }
    }
}

async fn register(app: &TestApp) {
    app.image("demo", |_| ()).await;
    app.machine("node1", "52:54:00:00:00:01", |machine| machine.image = "demo".into()).await;
}

async fn try_to_write(app: &TestApp) -> tonic::Status {
    let machine =
        v1::Machine { name: "late".into(), macs: vec!["52:54:00:00:00:09".into()], ..Default::default() };
    let request = v1::RegisterMachineRequest { machine: Some(machine), ..Default::default() };
    app.machines().await.register_machine(request).await.unwrap_err()
}

fn is_stale(body: &str) -> bool {
    body.contains("\"stale\":true")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_the_database_serves_the_snapshot_file() {
    on_postgres("a_start_without_the_database_serves_the_snapshot_file", |database| async move {
        let proxy = Proxy::before(&database, Way::Open).await;
        let url = proxy.url(&database);
        let settings = |file: &str| [("database.url", url.clone()), ("snapshot.file", file.to_owned())];
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("x.snapshot").display().to_string();
        let settings = settings(&file);
        let settings: Vec<(&'static str, &str)> =
            settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let app = TestApp::in_dir(dir, &settings).await;
        register(&app).await;
        let served = app.get(ASK).await;
        let dir = app.stop().await;

        proxy.set(Way::Cut);
        let app = TestApp::in_dir(dir, &settings).await;
        let again = app.get(ASK).await;
        let script = |body: &str| {
            body.lines().take(4).map(|line| line.split(":").next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!((again.status, script(&again.body)), (200, script(&served.body)));
        let ready = app.get("/ready").await.body;
        assert!(is_stale(&ready) && ready.contains("\"from_file\":true"), "{ready}");
        let refused = try_to_write(&app).await;
        assert_eq!(refused.code(), tonic::Code::Unavailable, "{refused:?}");
        assert!(refused.message().contains("nothing was changed"), "{refused:?}");
        let read = app.machines().await.get_machine(v1::GetMachineRequest { name: "node1".into() }).await;
        assert!(read.is_ok(), "{read:?}");

        proxy.set(Way::Open);
        app.until("the database is back", |ready| !is_stale(&ready.body)).await;
        app.machine("late", "52:54:00:00:00:09", |machine| machine.image = "demo".into()).await;
        let late = app.get("/ipxe?mac=52-54-00-00-00-09").await;
        assert_eq!(late.header("x-pxe-init-outcome"), Some("rendered"));
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_with_nothing_waits_for_the_database() {
    on_postgres("a_start_with_nothing_waits_for_the_database", |database| async move {
        let proxy = Proxy::before(&database, Way::Cut).await;
        let url = proxy.url(&database);
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("x.snapshot").display().to_string();
        let app = TestApp::begin(dir, &[("database.url", &url), ("snapshot.file", &file)]).await;
        app.until("it is known that there is no file", |ready| ready.body.contains("no snapshot file")).await;
        for path in ["/ready", ASK, "/boot.ipxe"] {
            let reply = app.get(path).await;
            assert_eq!(reply.status, 503, "{path}: {}", reply.body);
            assert!(reply.header("retry-after").is_some(), "{path}");
        }
        proxy.set(Way::Open);
        app.until("the database is there", |ready| ready.status == 200).await;
        register(&app).await;
        assert_eq!(app.get(ASK).await.status, 200);
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_lost_or_does_not_answer_stops_no_boot() {
    on_postgres("a_database_that_is_lost_or_does_not_answer_stops_no_boot", |database| async move {
        let proxy = Proxy::before(&database, Way::Open).await;
        let url = proxy.url(&database);
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("x.snapshot").display().to_string();
        let settings =
            [("database.url", url.as_str()), ("snapshot.file", &file), ("database.timeout_seconds", "1")];
        let app = TestApp::in_dir(dir, &settings).await;
        register(&app).await;
        for way in [Way::Cut, Way::Stalled] {
            proxy.set(way);
            app.until("it is stale", |ready| is_stale(&ready.body)).await;
            for _ in 0..20 {
                assert_eq!(app.get(ASK).await.status, 200, "{way:?}");
            }
            let refused = tokio::time::timeout(Duration::from_secs(10), try_to_write(&app)).await;
            assert_eq!(refused.unwrap().code(), tonic::Code::Unavailable, "{way:?}");
            proxy.set(Way::Open);
            app.until("it is back", |ready| !is_stale(&ready.body)).await;
        }
        register(&app).await;
        proxy.set(Way::Stalled);
        let stopped = tokio::time::timeout(Duration::from_secs(20), app.stop()).await;
        assert!(stopped.is_ok(), "a database that does not answer keeps nobody from stopping");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_of_another_database_is_not_served() {
    on_postgres("a_snapshot_of_another_database_is_not_served", |database| async move {
        let proxy = Proxy::before(&database, Way::Open).await;
        let url = proxy.url(&database);
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("x.snapshot").display().to_string();
        let app = TestApp::in_dir(dir, &[("database.url", &url), ("snapshot.file", &file)]).await;
        register(&app).await;
        let dir = app.stop().await;
        let other = Proxy::before(&database, Way::Cut).await;
        let other_url = format!("{}_other", other.url(&database));
        let app = TestApp::begin(dir, &[("database.url", &other_url), ("snapshot.file", &file)]).await;
        app.until("the file is refused", |ready| ready.body.contains("it is of the database")).await;
        assert_eq!(app.get(ASK).await.status, 503);
        app.stop().await;
    })
    .await;
}
