//! A server whose log nobody reads any more.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The server ends with the test, whatever comes of it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_dead_log_collector_neither_stops_boots_nor_the_stop() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_pxe-init-server"));
    server.args([
        "serve",
        "--http-address",
        "127.0.0.1",
        "--http-port",
        "0",
        "--grpc-port",
        "0",
        "--log",
        "info",
    ]);
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display());
    let mut server = Running(server.args(["--database-url", &url]).stderr(Stdio::piped()).spawn().unwrap());

    let mut log = BufReader::new(server.0.stderr.take().unwrap());
    let address = loop {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "the server ended before it listened");
        if let Some((_, rest)) = line.split_once(" http=") {
            break rest.split(' ').next().unwrap().to_owned();
        }
    };
    drop(log);

    for _ in 0..3 {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
            .write_all(b"GET /ipxe?mac=52-54-00-12-34-56 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        // Right after the start the catalog may still be loading, and that is an answer too.
        assert!(reply.starts_with("HTTP/1.1 "), "{reply:?}");
    }

    Command::new("kill").args(["-TERM", &server.0.id().to_string()]).status().unwrap();
    let asked = Instant::now();
    let status = loop {
        if let Some(status) = server.0.try_wait().unwrap() {
            break status;
        }
        assert!(asked.elapsed() < Duration::from_secs(30), "SIGTERM does not stop it");
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(status.success(), "{status}");
}
