//! HTTPS for machines.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::Process;

fn run(program: &str, args: &[&str]) {
    let output = Command::new(program).env_clear().args(args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// An HTTP client that trusts this CA alone.
fn agent(ca: &Path) -> ureq::Agent {
    let pem = std::fs::read(ca).unwrap();
    let roots = vec![ureq::tls::Certificate::from_pem(&pem).unwrap().to_owned()];
    let tls =
        ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::new_with_certs(&roots)).build();
    let config =
        ureq::Agent::config_builder().tls_config(tls).timeout_global(Some(Duration::from_secs(10))).build();
    config.into()
}

#[test]
fn machines_are_answered_over_https_and_sent_on_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let certs = dir.path().join("certs");
    run(env!("CARGO_BIN_EXE_pxe-init-server"), &["certs", "init", "--dir", certs.to_str().unwrap()]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let file = |name: &str| certs.join(name).to_str().unwrap().to_owned();
    let (cert, key, text) = (file("server.pem"), file("server.key"), port.to_string());
    let variables = [
        ("PXE_INIT__HTTP__TLS__PORT", text.as_str()),
        ("PXE_INIT__HTTP__TLS__CERT", &cert),
        ("PXE_INIT__HTTP__TLS__KEY", &key),
    ];
    let url = format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display());
    let mut process = Process::start_unread(&url, &[], &variables);
    let agent = agent(&certs.join("ca.pem"));
    let get = |path: &str| {
        let mut answer = agent.get(format!("https://127.0.0.1:{port}{path}")).call()?;
        Ok::<_, ureq::Error>((answer.status().as_u16(), answer.body_mut().read_to_string()?))
    };
    let begun = Instant::now();
    while get("/ready").is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", get("/ready"));
        std::thread::sleep(Duration::from_millis(50));
    }
    let endpoint = format!("grpc://{}", process.grpc);
    let client = |args: &[&str]| {
        run(env!("CARGO_BIN_EXE_pxe-init-client"), &[&["--grpc-endpoint", &endpoint], args].concat());
    };
    client(&["image", "register", "demo", "--kernel", "vmlinuz"]);
    client(&["machine", "register", "node1", "--mac", "52:54:00:12:34:56", "--image", "demo"]);
    let (status, script) = get("/ipxe?mac=52-54-00-12-34-56").unwrap();
    assert_eq!(status, 200);
    assert!(script.starts_with("#!ipxe\n"), "{script}");
    assert!(script.contains(&format!("https://127.0.0.1:{port}/assets/vmlinuz")), "{script}");
    // The plain port goes on, and names itself.
    let mut plain = agent.get(format!("http://{}/ipxe?mac=52-54-00-12-34-56", process.http)).call().unwrap();
    let plain = plain.body_mut().read_to_string().unwrap();
    assert!(plain.contains(&format!("http://{}/assets/vmlinuz", process.http)), "{plain}");
    process.terminate();
    assert!(process.wait().success());
}
