//! What the server's log says of a boot: read from the process itself, as a collector would.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::process::{Log, Process};

/// A server as a process, and what it logs.
pub(crate) struct Logged {
    server: Process,
    lines: Log,
}

impl Logged {
    fn start(dir: &tempfile::TempDir, format: &str) -> Self {
        Self::with(dir, format, &[], &[])
    }

    /// A server with these flags and variables beside those of every test.
    pub(crate) fn with(
        dir: &tempfile::TempDir,
        format: &str,
        flags: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let url = format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display());
        let flags: Vec<_> = ["--log-format", format].iter().chain(flags).copied().collect();
        let (server, lines) = Process::start(&url, &flags, variables);
        let logged = Self { server, lines };
        // It listens before it has a catalog, and says 503 until then.
        while !logged.get("/ready").starts_with("HTTP/1.1 200") {
            std::thread::sleep(Duration::from_millis(10));
        }
        logged
    }

    /// Stops it gently; gives how it ended, and what it logged that was not read yet.
    pub(crate) fn stop(mut self) -> (ExitStatus, Vec<String>) {
        self.server.terminate();
        let rest = self.lines.by_ref().map(Result::unwrap).collect();
        (self.server.wait(), rest)
    }

    /// The next line that has `word`.
    pub(crate) fn line(&mut self, word: &str) -> String {
        let found = self.lines.by_ref().map(Result::unwrap).find(|line| line.contains(word));
        found.unwrap_or_else(|| panic!("the log ended before {word:?}"))
    }

    /// Runs the client, which must succeed.
    pub(crate) fn client(&self, args: &str) {
        let mut client = Command::new(env!("CARGO_BIN_EXE_pxe-init-client"));
        client
            .env_clear()
            .args(["--grpc-endpoint", &format!("grpc://{}", self.server.grpc)])
            .args(args.split(' '));
        let output = client.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.server.http).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply).unwrap();
        String::from_utf8_lossy(&reply).into_owned()
    }
}

#[test]
fn json_is_one_object_a_boot_without_empty_fields() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Logged::start(&dir, "json");
    log.get("/ipxe?mac=52-54-00-12-34-56&serial=a%22b&hostname=");
    let boot: serde_json::Value = serde_json::from_str(&log.line("\"boot\"")).unwrap();
    let field = |key: &str| boot[key].as_str();
    assert_eq!(field("outcome"), Some("held"));
    assert_eq!(field("kind"), Some("ipxe"));
    assert_eq!(field("mac"), Some("52:54:00:12:34:56"));
    assert_eq!(field("serial"), Some("a\"b"));
    assert_eq!(field("template"), Some("unknown@built-in"));
    assert!(field("peer").is_some_and(|peer| peer.starts_with("127.0.0.1:")), "{boot}");
    for absent in ["machine", "rule", "incident", "uuid"] {
        assert!(boot.get(absent).is_none(), "{absent}: {boot}");
    }
    log.get("/ipxe?mac=nonsense");
    let refused: serde_json::Value = serde_json::from_str(&log.line("refused")).unwrap();
    assert!(refused["reason"].as_str().is_some_and(|why| why.starts_with("mac: ")), "{refused}");
}

#[test]
fn text_is_short_and_has_no_quotes_that_say_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Logged::start(&dir, "text");
    log.get("/ipxe?mac=52-54-00-12-34-56");
    let line = log.line(" boot ");
    assert!(
        line.contains("boot outcome=held kind=ipxe mac=52:54:00:12:34:56 template=unknown@built-in problem="),
        "{line}"
    );
    assert!(!line.contains("=\"\""), "{line}");
    log.get("/cloud-init/serial=a%5Cb/user-data");
    assert!(log.line(" boot ").contains("outcome=no-match kind=user-data serial=\"a\\\\b\""));
}

#[test]
fn a_boot_is_spelt_as_every_event_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Logged::start(&dir, "json");
    log.get("/ipxe?mac=52-54-00-12-34-56&uuid=4c4c4544-0042-3510-8052-b4c04f4d3532&serial=%C3%A4%22%5C");
    let boot = log.line("\"boot\"");
    log.get("/ipxe?mac=nonsense");
    let refused = log.line("refused");
    // From the first key to the last, in this order, the time to the microsecond.
    for line in [&boot, &refused] {
        let time = line.strip_prefix("{\"timestamp\":\"").and_then(|rest| rest.split('"').next()).unwrap();
        assert_eq!((time.len(), time.ends_with('Z')), ("2026-01-02T03:04:05.678901Z".len(), true), "{line}");
        time.parse::<jiff::Timestamp>().unwrap();
        assert!(line.ends_with(",\"target\":\"pxe_init::http::boot\"}"), "{line}");
    }
    assert!(
        refused.contains("Z\",\"level\":\"WARN\",\"message\":\"refused a request\",\"peer\":"),
        "{refused}"
    );
    let expected = concat!(
        "Z\",\"level\":\"INFO\",\"message\":\"boot\",\"outcome\":\"held\",\"kind\":\"ipxe\",\"mac\":\"52:54:00:12:34:56\",",
        "\"uuid\":\"4c4c4544-0042-3510-8052-b4c04f4d3532\",\"serial\":\"ä\\\"\\\\\",\"template\":\"unknown@built-in\",",
        "\"problem\":\"no binding and no rule matches this machine\",\"peer\":\"127.0.0.1:"
    );
    assert!(boot.contains(expected), "{boot}");
}

#[test]
fn the_filter_knows_boots_by_level_and_module() {
    for (filter, shown) in [
        ("info", true),
        ("warn", false),
        ("info,pxe_init::http=warn", false),
        ("warn,pxe_init::http::boot=info", true),
        ("warn,pxe_init::store=info", false),
    ] {
        let dir = tempfile::tempdir().unwrap();
        // The address is told at level info, from another module.
        let filter = format!("{filter},pxe_init::server=info");
        let log = Logged::with(&dir, "text", &["--log", &filter], &[]);
        log.get("/ipxe?mac=52-54-00-12-34-56");
        let (status, lines) = log.stop();
        assert!(status.success(), "{status}");
        assert_eq!(lines.iter().any(|line| line.contains(" boot ")), shown, "{filter}: {lines:?}");
    }
}

#[test]
fn the_last_lines_are_written_in_their_order() {
    let dir = tempfile::tempdir().unwrap();
    let log = Logged::start(&dir, "text");
    log.get("/ipxe?mac=52-54-00-12-34-56");
    let (status, lines) = log.stop();
    assert!(status.success(), "{status}");
    let place = |word: &str| lines.iter().position(|line| line.contains(word));
    assert!(place(" boot outcome=held") < place("stopping"), "{lines:?}");
    assert!(lines.last().unwrap().ends_with("INFO stopped"), "{lines:?}");
}

/// Asks for the same document so many times on one connection, without waiting for answers; gives how many came.
fn ask_many(address: SocketAddr, times: usize) -> usize {
    let request =
        format!("GET /ipxe?mac=52-54-00-12-34-56&serial={} HTTP/1.1\r\nHost: h\r\n\r\n", "s".repeat(250));
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut writer = stream.try_clone().unwrap();
    let writing = std::thread::spawn(move || {
        for at in 0..times {
            let last = at + 1 == times;
            let request = if last {
                request.replace("Host: h", "Host: h\r\nConnection: close")
            } else {
                request.clone()
            };
            writer.write_all(request.as_bytes()).unwrap();
        }
    });
    let mut answers = Vec::new();
    BufReader::new(stream).read_to_end(&mut answers).unwrap();
    writing.join().unwrap();
    let status = b"HTTP/1.1 200 OK";
    answers.windows(status.len()).filter(|window| window == status).count()
}

#[test]
fn what_nobody_reads_is_dropped_and_told_once_somebody_does() {
    // More than a pipe and the buffer hold.
    const TIMES: usize = 14_000;
    let dir = tempfile::tempdir().unwrap();
    let mut log = Logged::start(&dir, "json");
    assert_eq!(ask_many(log.server.http, TIMES), TIMES);
    let metrics = log.get("/metrics");
    let dropped =
        metrics.lines().find_map(|line| line.strip_prefix("pxe_init_log_lines_dropped_total ")).unwrap();
    let dropped: u64 = dropped.parse().unwrap();
    assert!(dropped > 0, "the test logs too little");
    let mut boots = 0;
    let told = loop {
        let line = log.lines.next().expect("the log ended").unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        match line["message"].as_str() {
            Some("boot") => boots += 1,
            Some("lines of the log were dropped: nobody read them") => break line,
            _ => {}
        }
    };
    assert_eq!(told["level"].as_str(), Some("WARN"));
    assert_eq!(told["lines"].as_u64(), Some(dropped), "{told}");
    assert_eq!(boots + dropped, TIMES as u64, "every boot was logged or counted");
}

#[test]
fn a_reader_that_stands_still_does_not_keep_the_server_from_ending() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Logged::start(&dir, "json");
    // More than a pipe holds, so that the thread that writes the log waits for the reader.
    assert_eq!(ask_many(log.server.http, 500), 500);
    log.server.terminate();
    let asked = Instant::now();
    while log.server.ended().is_none() {
        assert!(asked.elapsed() < Duration::from_secs(30), "SIGTERM does not stop it");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn config_check_refuses_what_serve_would() {
    for (flag, value, told) in [
        ("--log", "a=b=c", "log.filter: "),
        ("--database-url", "sqlite://", "database.url: names no file"),
        ("--db-port", "0", "database.port: "),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_pxe-init-server"))
            .args(["config", "check", flag, value])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(64) && text.contains(told), "{flag} {value}: {text}");
    }
}
