//! Too many, too slow, too large: what machines and monitoring get then.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pxe_init::proto::pxe_init as v1;

use crate::app::{Reply, TestApp};

const ASK: &str = "GET /ipxe?mac=52-54-00-00-00-01 HTTP/1.1\r\nHost: h\r\n\r\n";

/// As long as anything may take that the server promises to bound; much more than it takes.
const PATIENCE: Duration = Duration::from_secs(20);

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A connection that takes a place and asks for nothing. Where places run out, it is left alone for some seconds.
fn half_open(address: SocketAddr) -> TcpStream {
    let mut stream = connect(address);
    stream.write_all(b"GET /ipxe?mac=").unwrap();
    stream
}

/// Waits until the harness, which asked whether the server is ready, has gone: its connection took a place too.
fn settle() {
    std::thread::sleep(Duration::from_millis(500));
}

/// One answer with a `Content-Length`; the connection stays.
fn read_reply(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "the connection ended in a head: {bytes:?}");
        bytes.push(byte[0]);
    }
    let head = Reply::parse(&String::from_utf8(bytes.clone()).unwrap());
    let mut body = vec![0; head.header("content-length").unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    bytes.extend(body);
    Reply::parse(&String::from_utf8(bytes).unwrap())
}

fn ask(stream: &mut TcpStream) -> Reply {
    stream.write_all(ASK.as_bytes()).unwrap();
    read_reply(stream)
}

/// Whether the server ends the connection while the test waits; a reset is an end too.
fn ends(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}

fn assert_refused(reply: &Reply) {
    assert_eq!(reply.status, 503, "{reply:?}");
    let seconds: u32 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((2..=10).contains(&seconds), "{reply:?}");
    assert_eq!(reply.header("connection"), Some("close"), "{reply:?}");
    assert!(reply.body.contains("ask again"), "{reply:?}");
}

/// Does blocking work while the server, whose own tasks are on this runtime, goes on.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test]
async fn beyond_the_limit_of_connections_is_a_503_that_can_be_read() {
    let app = TestApp::with(&[("http.max_connections", "4"), ("http.request_seconds", "60")]).await;
    let address = app.http;
    aside(move || {
        // Half-open ones hold their place; nobody idle can be closed for others.
        settle();
        let holders: Vec<TcpStream> = (0..4).map(|_| half_open(address)).collect();
        for _ in 0..20 {
            let mut stream = connect(address);
            stream.write_all(ASK.as_bytes()).unwrap();
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).unwrap();
            assert_refused(&Reply::parse(&String::from_utf8(bytes).unwrap()));
        }
        // One that sends its request in pieces, and late.
        let mut stream = connect(address);
        for piece in [&ASK[..10], &ASK[10..30], &ASK[30..]] {
            std::thread::sleep(Duration::from_millis(50));
            stream.write_all(piece.as_bytes()).unwrap();
        }
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        assert_refused(&Reply::parse(&String::from_utf8(bytes).unwrap()));
        drop(holders);
    })
    .await;
    let metrics = app.get("/metrics").await.body;
    let shed = "pxe_init_requests_shed_total{reason=\"connections\"} ";
    let shed: u32 = metrics.lines().find_map(|line| line.strip_prefix(shed)).unwrap().parse().unwrap();
    assert!(shed >= 21, "{metrics}");
    app.until("places are free again", |reply| reply.status == 200).await;
    app.stop().await;
}

#[tokio::test]
async fn monitoring_is_answered_while_all_places_are_taken() {
    let app = TestApp::with(&[("http.max_connections", "2"), ("http.request_seconds", "60")]).await;
    let address = app.http;
    aside(move || {
        settle();
        let holders: Vec<TcpStream> = (0..2).map(|_| half_open(address)).collect();
        let mut late = connect(address);
        std::thread::sleep(Duration::from_millis(100));
        late.write_all(b"GET /ready HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        assert_eq!(read_reply(&mut late).status, 200);
        for path in ["/health", "/ready", "/metrics"] {
            let mut stream = connect(address);
            stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n").as_bytes()).unwrap();
            assert_eq!(read_reply(&mut stream).status, 200, "{path}");
            assert_refused(&ask(&mut connect(address)));
        }
        drop(holders);
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn an_idle_connection_makes_room_for_a_new_one() {
    let app = TestApp::with(&[("http.max_connections", "10")]).await;
    let address = app.http;
    aside(move || {
        let mut idle: Vec<TcpStream> = (0..10).map(|_| connect(address)).collect();
        for stream in &mut idle {
            assert!([200, 503].contains(&ask(stream).status));
        }
        // iPXE asks again after a 503; the idle ones go after a second.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut stream = connect(address);
            if ask(&mut stream).status == 200 {
                break;
            }
            assert!(Instant::now() < deadline, "no idle connection was closed");
            std::thread::sleep(Duration::from_millis(100));
        }
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn who_sends_a_request_too_slowly_is_cut_off() {
    let app = TestApp::with(&[("http.request_seconds", "1"), ("http.idle_seconds", "3600")]).await;
    let address = app.http;
    aside(move || {
        let begun = Instant::now();
        let mut silent = connect(address);
        let mut slow = connect(address);
        let fast = connect(address);
        // A byte now and then does not help.
        let mut cut = false;
        for byte in ASK.bytes().cycle().filter(|byte| *byte != b'\n') {
            if slow.write_all(&[byte]).is_err() || begun.elapsed() > PATIENCE {
                cut = begun.elapsed() < PATIENCE;
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(cut, "the slow one was never cut off");
        assert!(ends(&mut silent), "the silent one was never cut off");
        // While they tried, others were answered, and an answered connection may be idle for longer.
        assert_eq!(ask(&mut connect(address)).status, 200);
        drop(fast.shutdown(Shutdown::Both));
    })
    .await;
    let metrics = app.get("/metrics").await.body;
    assert!(metrics.contains("pxe_init_connections_closed_total{reason=\"request\"}"), "{metrics}");
    app.stop().await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_the_end_and_not_before() {
    let app = TestApp::with(&[("http.request_seconds", "1"), ("http.idle_seconds", "3")]).await;
    let address = app.http;
    aside(move || {
        let mut stream = connect(address);
        assert_eq!(ask(&mut stream).status, 200);
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!(ask(&mut stream).status, 200, "a request's time does not run while none was begun");
        let answered = Instant::now();
        assert!(ends(&mut stream));
        assert!(answered.elapsed() > Duration::from_secs(1));
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn who_does_not_read_is_cut_off() {
    let dir = tempfile::TempDir::new().unwrap();
    let assets = dir.path().join("assets");
    std::fs::create_dir(&assets).unwrap();
    let file = std::fs::File::create(assets.join("big")).unwrap();
    file.set_len(256 << 20).unwrap();
    let assets = assets.display().to_string();
    let app = TestApp::in_dir(dir, &[("http.stall_seconds", "1"), ("assets.dir", &assets)]).await;
    let address = app.http;
    aside(move || {
        let mut stream = connect(address);
        stream.write_all(b"GET /assets/big HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        // Nothing is read while the server's buffer and ours are full.
        std::thread::sleep(Duration::from_secs(4));
        let mut rest = Vec::new();
        let read = stream.read_to_end(&mut rest);
        assert!(read.is_err() || rest.len() < 256 << 20, "all of it came, after a pause of 4 s");
        assert_eq!(ask(&mut connect(address)).status, 200);
    })
    .await;
    app.stop().await;
}

#[tokio::test]
async fn what_is_refused_before_the_router_has_one_line_too() {
    let app = TestApp::start().await;
    let long = "a".repeat(100 << 10);
    let many = "x: y\r\n".repeat(101);
    for (request, status, told) in [
        ("nonsense\r\n\r\n".to_owned(), 400, "no HTTP/1.1 request"),
        (format!("GET /ipxe HTTP/1.1\r\nHost: h\r\n{many}\r\n"), 431, "100 headers"),
        (format!("GET /ipxe HTTP/1.1\r\nHost: h\r\nx: {long}\r\n\r\n"), 431, "32 KiB"),
        (format!("GET /ipxe?mac={long} HTTP/1.1\r\nHost: h\r\n\r\n"), 431, "32 KiB"),
        (format!("GET /ipxe?mac={} HTTP/1.1\r\nHost: h\r\n\r\n", &long[..20_000]), 414, "the query has"),
        ("GET /ipxe HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n".to_owned(), 413, "65536 bytes"),
    ] {
        let begin: String = request.chars().take(60).collect();
        let address = app.http;
        let reply = aside(move || {
            let mut stream = connect(address);
            stream.write_all(request.as_bytes()).unwrap();
            let reply = read_reply(&mut stream);
            // The router's own refusal keeps the connection.
            let is_over = reply.status == 414 || ends(&mut stream);
            assert!(is_over, "{reply:?} and the connection stays");
            reply
        })
        .await;
        assert_eq!(reply.status, status, "{begin}: {reply:?}");
        assert!(reply.body.contains(told) && reply.body.lines().count() == 1, "{begin}: {reply:?}");
        assert_eq!(reply.header("content-length").unwrap(), reply.body.len().to_string(), "{begin}");
    }
    app.stop().await;
}

#[tokio::test]
async fn a_body_that_never_comes_delays_no_answer_and_holds_no_place() {
    let app = TestApp::start().await;
    let address = app.http;
    aside(move || {
        let mut stream = connect(address);
        let head = "GET /ipxe?mac=52-54-00-00-00-01 HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        assert_eq!(read_reply(&mut stream).status, 200);
        assert!(ends(&mut stream), "the connection is of no use, and stays");
    })
    .await;
    app.stop().await;
}

/// Many more machines than the server answers at once, each on new connections; some that were shed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_and_monitoring_get_in_during_a_storm() {
    let app = TestApp::with(&[("http.max_connections", "64"), ("http.queue_milliseconds", "50")]).await;
    app.image("demo", |_| ()).await;
    let address = app.http;
    let (on, answered, refused, lost) = (
        Arc::new(AtomicBool::new(true)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let storm: Vec<_> = (0..200)
        .map(|_| {
            let (on, answered, refused, lost) = (on.clone(), answered.clone(), refused.clone(), lost.clone());
            std::thread::spawn(move || {
                while on.load(Ordering::Relaxed) {
                    let mut stream = connect(address);
                    let sent = stream.write_all(
                        b"GET /ipxe?mac=52-54-00-00-00-01 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                    );
                    let mut bytes = Vec::new();
                    let read = sent.and_then(|()| stream.read_to_end(&mut bytes));
                    let count = match bytes.get(..12) {
                        Some(b"HTTP/1.1 200") if read.is_ok() => &answered,
                        Some(b"HTTP/1.1 503") if read.is_ok() => &refused,
                        _ => &lost,
                    };
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let begun = Instant::now();
    let mut slowest = Duration::ZERO;
    while begun.elapsed() < Duration::from_secs(3) {
        let asked = Instant::now();
        for path in ["/ready", "/metrics"] {
            assert_eq!(app.get(path).await.status, 200, "{path}");
        }
        let images = app.images().await.list_images(v1::ListImagesRequest::default()).await.unwrap();
        assert_eq!(images.into_inner().images.len(), 1);
        slowest = slowest.max(asked.elapsed());
    }
    on.store(false, Ordering::Relaxed);
    for thread in storm {
        thread.join().unwrap();
    }
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    let (answered, refused, lost) = (count(&answered), count(&refused), count(&lost));
    assert_eq!(lost, 0, "answered {answered}, refused {refused}");
    assert!(answered > 100 && refused > 0, "answered {answered}, refused {refused}");
    assert!(slowest < Duration::from_secs(5), "{slowest:?} for two pages and a call");
    app.stop().await;
}
