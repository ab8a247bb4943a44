//! The end of a server, and the beginning of the next.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::app::TestApp;
use crate::process::Process;

const ASK: &str = "GET /boot.ipxe HTTP/1.1\r\nHost: h\r\n\r\n";

/// One request on a connection of its own: the status and the head, or why there is none.
fn ask(address: SocketAddr, path: &str) -> Result<(u16, String), String> {
    let said = |what: &'static str| move |error: std::io::Error| format!("{what}: {error}");
    let mut stream = TcpStream::connect(address).map_err(said("connect"))?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).map_err(said("set"))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(said("write"))?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).map_err(said("read"))?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text.get(9..12).and_then(|status| status.parse().ok());
    status.map(|status| (status, text.clone())).ok_or(format!("no answer: {text:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_are_answered_while_the_end_is_announced() {
    let app = TestApp::with(&[("http.drain_seconds", "12")]).await;
    let address = app.http;
    let mut idle = TcpStream::connect(address).unwrap();
    idle.write_all(ASK.as_bytes()).unwrap();
    idle.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut buffer = [0; 4096];
    assert!(idle.read(&mut buffer).unwrap() > 0);
    app.begin_to_stop();
    let ready = app.get("/ready").await;
    assert_eq!((ready.status, ready.body.as_str()), (503, "stopping\n"));
    let reply = app.request(ASK).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("connection"), Some("close"), "the next request is for another server");
    assert_eq!(app.get("/health").await.status, 200);
    // Who is idle need not wait for the end.
    let closed = tokio::task::spawn_blocking(move || {
        // The rest of the answer may come first.
        while idle.read(&mut buffer).unwrap() > 0 {}
    });
    closed.await.unwrap();
    assert!(!app.has_ended());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_and_unfinished_requests_do_not_delay_the_end() {
    let app = TestApp::with(&[("http.stop_seconds", "600"), ("http.request_seconds", "600")]).await;
    let address = app.http;
    let mut silent: Vec<TcpStream> = (0..10).map(|_| TcpStream::connect(address).unwrap()).collect();
    for (stream, begun) in silent.iter_mut().zip(["", ASK, "GET /boot", "G", ASK].into_iter().cycle()) {
        stream.write_all(begun.as_bytes()).unwrap();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let stopped = tokio::time::timeout(Duration::from_secs(60), app.stop()).await;
    assert!(stopped.is_ok(), "it waits for those that ask for nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_is_finished_and_what_is_new_is_refused() {
    let dir = TempDir::new().unwrap();
    let assets = dir.path().join("assets");
    std::fs::create_dir(&assets).unwrap();
    std::fs::File::create(assets.join("big")).unwrap().set_len(64 << 20).unwrap();
    let assets = assets.display().to_string();
    let app = TestApp::in_dir(dir, &[("assets.dir", &assets), ("http.stop_seconds", "120")]).await;
    let address = app.http;
    let mut loading = TcpStream::connect(address).unwrap();
    loading.write_all(b"GET /assets/big HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    loading.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut some = vec![0; 4096];
    let had = loading.read(&mut some).unwrap();
    let head = String::from_utf8_lossy(&some[..had]).find("\r\n\r\n").unwrap() + 4;
    app.begin_to_stop();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let reply = app.request(ASK).await;
        if reply.status == 503 {
            assert_eq!(reply.header("connection"), Some("close"));
            assert!(reply.header("retry-after").is_some(), "{reply:?}");
            break;
        }
        assert!(Instant::now() < deadline, "{reply:?}");
    }
    assert!(!app.has_ended(), "a file is still on its way");
    let rest = tokio::task::spawn_blocking(move || {
        let mut rest = Vec::new();
        loading.read_to_end(&mut rest).unwrap();
        rest.len()
    });
    assert_eq!(rest.await.unwrap() + had - head, 64 << 20);
    app.stop().await;
}

/// A server of its own on the database in this directory.
fn replica(dir: &Path, name: &str, port: u16, environment: &[(&str, &str)]) -> Process {
    let url = format!("sqlite://{}?mode=rwc", dir.join("test.db").display());
    let (port, snapshot) = (port.to_string(), format!("{name}.snapshot"));
    let flags = ["--http-port", &port, "--snapshot-file", &snapshot, "--log", "warn,pxe_init::server=info"];
    Process::start_unread(&url, &flags, environment)
}

/// Asks it to end, and waits until it did.
fn stop(mut process: Process) {
    process.terminate();
    assert_eq!(process.wait().code(), Some(0));
}

fn is_ready(address: SocketAddr) -> bool {
    ask(address, "/ready").is_ok_and(|(status, _)| status == 200)
}

fn until(what: &str, right: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !right() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Machines that ask without a pause, as iPXE does: after a 503 with `Retry-After` they ask again, and everything else
/// that is no answer is a machine that goes to its disk.
struct Room {
    on: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    lost: Arc<Mutex<Vec<String>>>,
    machines: Vec<std::thread::JoinHandle<()>>,
}

impl Room {
    fn ask(next: impl Fn(usize) -> SocketAddr + Send + Sync + 'static) -> Self {
        let (on, answered) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
        let (lost, next) = (Arc::new(Mutex::new(Vec::new())), Arc::new(next));
        let machines = (0..8).map(|_| {
            let (on, answered, lost, next) = (on.clone(), answered.clone(), lost.clone(), next.clone());
            std::thread::spawn(move || {
                while on.load(Ordering::Relaxed) {
                    let turn = answered.load(Ordering::Relaxed);
                    match ask(next(turn), "/boot.ipxe") {
                        Ok((200, _)) => drop(answered.fetch_add(1, Ordering::Relaxed)),
                        Ok((503, text)) if text.contains("retry-after: ") => {}
                        other => lost.lock().unwrap().push(format!("{other:?}")),
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
            })
        });
        let machines = machines.collect();
        Self { on, answered, lost, machines }
    }

    /// Waits until `more` further requests were answered.
    fn until_answered(&self, more: usize) {
        let before = self.answered.load(Ordering::Relaxed);
        until("the room is answered", || self.answered.load(Ordering::Relaxed) > before + more);
    }

    fn end(self) {
        self.on.store(false, Ordering::Relaxed);
        for machine in self.machines {
            machine.join().unwrap();
        }
        let lost = self.lost.lock().unwrap();
        assert!(lost.is_empty(), "{} lost, as {:?}", lost.len(), lost.first());
    }
}

/// A free port; it may be taken by another before it is used, which the start would say.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Two replicas behind something that asks `/ready` of each, and sends nobody to one that is not.
#[test]
fn a_rolling_restart_of_two_replicas_loses_no_request() {
    let dir = TempDir::new().unwrap();
    let settings = [("PXE_INIT__HTTP__DRAIN_SECONDS", "3")];
    let ports = [free_port(), free_port()];
    let start = |i: usize| replica(dir.path(), &format!("{i}"), ports[i], &settings);
    let mut replicas = vec![start(0)];
    until("the first is ready", || is_ready(replicas[0].http));
    replicas.push(start(1));
    until("the second is ready", || is_ready(replicas[1].http));
    let addresses = [replicas[0].http, replicas[1].http];
    let up = Arc::new([AtomicBool::new(true), AtomicBool::new(true)]);
    let watching = Arc::new(AtomicBool::new(true));
    let watcher = std::thread::spawn({
        let (up, watching) = (up.clone(), watching.clone());
        move || {
            while watching.load(Ordering::Relaxed) {
                for (up, address) in up.iter().zip(addresses) {
                    up.store(is_ready(address), Ordering::SeqCst);
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    });
    let room = Room::ask({
        let up = up.clone();
        move |turn| {
            let first = turn % 2;
            addresses[if up[first].load(Ordering::SeqCst) { first } else { 1 - first }]
        }
    });
    room.until_answered(50);
    for i in 0..2 {
        stop(replicas.remove(0));
        room.until_answered(20);
        replicas.push(start(i));
        until("the new one is asked", || up[i].load(Ordering::SeqCst));
        room.until_answered(50);
    }
    room.end();
    watching.store(false, Ordering::Relaxed);
    watcher.join().unwrap();
}

/// A new server takes over the port of the old one, where nothing stands before them.
#[test]
fn a_second_server_takes_over_the_port() {
    let dir = TempDir::new().unwrap();
    let settings = [("PXE_INIT__HTTP__DRAIN_SECONDS", "1"), ("PXE_INIT__HTTP__REUSE_PORT", "true")];
    let old = replica(dir.path(), "old", 0, &settings);
    let address = old.http;
    until("the old one is ready", || is_ready(address));
    let room = Room::ask(move |_| address);
    room.until_answered(50);
    let new = replica(dir.path(), "new", address.port(), &settings);
    room.until_answered(50);
    stop(old);
    room.until_answered(50);
    room.end();
    assert!(is_ready(address));
    stop(new);
}

#[test]
fn a_second_signal_ends_the_server_at_once() {
    let dir = TempDir::new().unwrap();
    let settings = [("PXE_INIT__HTTP__DRAIN_SECONDS", "3600")];
    let mut replica = replica(dir.path(), "x", 0, &settings);
    until("it is ready", || is_ready(replica.http));
    replica.terminate();
    until("it is not ready any more", || !is_ready(replica.http));
    assert_eq!(ask(replica.http, "/boot.ipxe").unwrap().0, 200, "it still answers");
    replica.terminate();
    until("it ends", || ask(replica.http, "/health").is_err());
    assert_eq!(replica.wait().code(), Some(0));
}
