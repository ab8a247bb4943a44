//! `--check-urls` against a server on loopback.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::cli::Dir;

/// What the server was asked, and how much of it at a time.
#[derive(Default)]
struct Seen {
    asked: Mutex<BTreeMap<String, usize>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

/// A server that answers by the path. Its threads end with the process.
fn serve() -> (SocketAddr, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Seen::default());
    let shared = Arc::clone(&seen);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let seen = Arc::clone(&shared);
            thread::spawn(move || answer(stream, &seen));
        }
    });
    (address, seen)
}

fn answer(mut stream: TcpStream, seen: &Seen) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut head = Vec::new();
    while let Some(Ok(line)) = lines.next().filter(|line| line.as_ref().is_ok_and(|line| !line.is_empty())) {
        head.push(line);
    }
    let Some(request) = head.first() else { return };
    let (method, path) = request.split_once(' ').unwrap();
    let path = path.split(' ').next().unwrap();
    *seen.asked.lock().unwrap().entry(format!("{method} {path}")).or_default() += 1;
    seen.most.fetch_max(seen.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
    let ranged = head.iter().any(|line| line.eq_ignore_ascii_case("range: bytes=0-0"));
    let status = match (method, path) {
        (_, "/slow") => {
            thread::sleep(Duration::from_secs(30));
            return;
        }
        (_, path) if path.starts_with("/many") => {
            thread::sleep(Duration::from_millis(50));
            "200 OK"
        }
        ("HEAD", "/nohead" | "/nohead-gone") => "405 Method Not Allowed",
        ("GET", "/nohead") if ranged => "206 Partial Content",
        (_, "/moved") => "302 Found\r\nLocation: /ok",
        (_, "/moved-gone") => "302 Found\r\nLocation: /gone",
        (_, "/loop") => "302 Found\r\nLocation: /loop",
        (_, "/gone" | "/nohead-gone") => "410 Gone",
        (_, "/broken") => "500 Internal Server Error",
        (_, "/login") => "401 Unauthorized",
        (_, "/ok" | "/seed/meta-data" | "/os/images/install.img") => "200 OK",
        _ => "404 Not Found",
    };
    seen.now.fetch_sub(1, Ordering::SeqCst);
    // Who asks may be gone.
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

fn records(stdout: &str) -> Vec<String> {
    let records: Vec<Value> = serde_json::from_str(stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let show = |record: &Value| {
        let (path, code, severity) =
            (text(&record["path"]), text(&record["code"]), text(&record["severity"]));
        format!("{path}:{} {severity} {code} {}", record["line"], text(&record["message"]))
    };
    records.iter().map(show).filter(|line| line.contains(" URL")).collect()
}

#[test]
fn every_answer_is_told_as_what_it_means() {
    let (server, seen) = serve();
    // A port that nobody has.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let script = format!(
        "#!ipxe\nkernel http://{server}/ok initrd=i coreos.live.rootfs_url=http://{server}/missing \
         ds=nocloud-net;s=http://{server}/seed/ inst.stage2=http://{server}/os inst.repo=http://{server}/no || goto failed\n\
         initrd http://{server}/moved || goto failed\ninitrd http://{server}/moved-gone || goto failed\n\
         initrd http://{server}/nohead || goto failed\ninitrd http://{server}/nohead-gone || goto failed\n\
         initrd http://{server}/broken || goto failed\ninitrd http://{server}/login || goto failed\n\
         initrd http://{server}/loop || goto failed\ninitrd http://{server}/slow || goto failed\n\
         initrd http://{closed}/x || goto failed\nimgfetch tftp://h/x || goto failed\n\
         initrd http://{server}/${{x}} || goto failed\nboot || goto failed\n:failed\nreboot\n"
    );
    let dir = Dir::new(&[("a.ipxe", &script)]);
    let (exit, stdout, stderr) = dir.run("-o json lint --check-urls --url-timeout 1s a.ipxe");
    assert_eq!(exit, 4, "{stdout}{stderr}");
    let base = format!("http://{server}");
    assert_eq!(
        records(&stdout),
        [
            format!("a.ipxe:2 error URL001 {base}/missing answers 404 Not Found"),
            format!("a.ipxe:2 error URL001 {base}/no/.treeinfo answers 404 Not Found"),
            format!("a.ipxe:4 error URL001 {base}/moved-gone answers 410 Gone"),
            format!("a.ipxe:6 error URL001 {base}/nohead-gone answers 410 Gone"),
            format!("a.ipxe:7 warning URL002 {base}/broken answers 500 Internal Server Error"),
            format!("a.ipxe:8 warning URL002 {base}/login answers 401 Unauthorized"),
            format!("a.ipxe:9 warning URL002 {base}/loop redirects too often"),
            format!("a.ipxe:10 warning URL002 {base}/slow did not answer in time"),
            format!("a.ipxe:11 error URL001 http://{closed}/x refuses the connection"),
            "a.ipxe:12 info URL003 tftp://h/x: nobody can ask for tftp: URLs here".to_owned(),
        ]
    );
    assert!(seen.asked.lock().unwrap().keys().all(|asked| !asked.contains('$')));
}

#[test]
fn each_is_asked_once_and_a_few_at_a_time() {
    let (server, seen) = serve();
    let script: String =
        (0..40).map(|i| format!("module http://{server}/many/{i} m{i} || shell\n")).collect();
    let script = format!("#!ipxe\n{script}{script}boot || shell\n");
    let dir = Dir::new(&[("a.ipxe", &script), ("b.ipxe", &script)]);
    let started = Instant::now();
    let (_, stdout, stderr) = dir.run("-o json lint --check-urls a.ipxe b.ipxe");
    assert_eq!(records(&stdout), [""; 0], "{stderr}");
    assert!(started.elapsed() < Duration::from_secs(10));
    let asked = seen.asked.lock().unwrap();
    assert_eq!((asked.len(), asked.values().sum::<usize>()), (40, 40));
    assert!((2..=8).contains(&seen.most.load(Ordering::SeqCst)), "{:?}", seen.most);
}

#[test]
fn nothing_is_asked_unless_it_is_asked_for() {
    let (server, seen) = serve();
    let script =
        format!("#!ipxe\n# lint: allow URL001 because it comes later\nchain http://{server}/x || reboot\n");
    let dir = Dir::new(&[("a.ipxe", &script)]);
    let (exit, stdout, _) = dir.run("-o json lint --severity info a.ipxe");
    assert_eq!((exit, stdout.as_str()), (0, "[]\n"), "a silence for URLs is no unused one");
    assert!(seen.asked.lock().unwrap().is_empty());
    let (exit, stdout, _) = dir.run("-o json lint --severity info --check-urls a.ipxe");
    assert_eq!((exit, stdout.as_str()), (0, "[]\n"));
    assert_eq!(seen.asked.lock().unwrap().len(), 1);
    assert_eq!(dir.run("lint --url-timeout 1s a.ipxe").0, 2, "it needs --check-urls");
}

#[test]
fn of_templates_only_what_stands_in_them_is_asked_for() {
    let (server, seen) = serve();
    let source = format!(
        "#!ipxe\nkernel http://{server}/gone?x initrd=i || reboot\n{{% if image %}}\ninitrd {{{{ image.initrds|first|default('http://{server}/of-a-value') }}}} || reboot\n{{% endif %}}\ninitrd http://{server}/{{{{ facts.mac|default('x') }}}} || reboot\nboot || reboot\n"
    );
    let dir = Dir::new(&[("a.ipxe.j2", &source)]);
    let (_, stdout, stderr) = dir.run("-o json lint --check-urls a.ipxe.j2");
    let asked: Vec<String> = seen.asked.lock().unwrap().keys().cloned().collect();
    assert_eq!(asked, ["HEAD /gone?x"], "{stdout}{stderr}");
    assert_eq!(
        records(&stdout),
        [format!("a.ipxe.j2:2 error URL001 http://{server}/gone?x answers 404 Not Found")]
    );
}
