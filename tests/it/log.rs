//! What the server's log says of a boot: read from the process itself, as a collector would.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

struct Logged {
    server: Child,
    lines: BufReader<ChildStderr>,
    http: String,
}

impl Drop for Logged {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Logged {
    fn start(dir: &tempfile::TempDir, format: &str) -> Self {
        let url = format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display());
        let mut server = Command::new(env!("CARGO_BIN_EXE_pxe-init-server"))
            .args(["serve", "--http-address", "127.0.0.1", "--http-port", "0", "--grpc-port", "0"])
            .args(["--database-url", &url, "--log-format", format])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(server.stderr.take().unwrap());
        let mut logged = Self { server, lines, http: String::new() };
        let line = logged.line("listening");
        let at = line.find("127.0.0.1:").unwrap();
        let address = line[at..].chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':'));
        logged.http = address.collect();
        // It listens before it has a catalog, and says 503 until then.
        while !logged.get("/ready").starts_with("HTTP/1.1 200") {
            std::thread::sleep(Duration::from_millis(10));
        }
        logged
    }

    /// The next line that has `word`.
    fn line(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the log ended before {word:?}");
            if line.contains(word) {
                return line.trim_end().to_owned();
            }
        }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.http).unwrap();
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
