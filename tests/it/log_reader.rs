//! A server whose log nobody reads any more.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::process::Process;

#[test]
fn a_dead_log_collector_neither_stops_boots_nor_the_stop() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display());
    let (mut server, log) = Process::start(&url, &[], &[]);
    drop(log);

    for _ in 0..3 {
        let mut stream = TcpStream::connect(server.http).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
            .write_all(b"GET /ipxe?mac=52-54-00-12-34-56 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        // Right after the start the catalog may still be loading, and that is an answer too.
        assert!(reply.starts_with("HTTP/1.1 "), "{reply:?}");
    }

    server.terminate();
    let asked = Instant::now();
    let status = loop {
        if let Some(status) = server.ended() {
            break status;
        }
        assert!(asked.elapsed() < Duration::from_secs(30), "SIGTERM does not stop it");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(status.success(), "{status}");
}
