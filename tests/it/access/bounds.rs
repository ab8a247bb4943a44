//! What who has no credential can not do: try for ever, or say where he comes from.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

use tonic::Code;

use super::{calls, closed, make};
use crate::process::Process;

#[tokio::test]
async fn who_tries_tokens_is_soon_told_to_wait_and_others_are_not() {
    let (app, root) = closed(&[]).await;
    let viewer = make(&app, &root, "viewer", "viewer", |_| ()).await;
    let path = "/pxe_init.v1.AccessService/WhoAmI";
    let mut codes = Vec::new();
    for number in 0..40 {
        let wrong = format!("pxeinit_{number:064x}");
        let (code, told) = calls::code(calls::caller(&app, Some(&wrong)).await, path).await;
        if code == Code::ResourceExhausted {
            assert_eq!(
                told,
                "too many calls with wrong credentials came from 127.0.0.1; try again in a minute"
            );
        }
        codes.push(code);
    }
    assert_eq!(codes[..10], [Code::Unauthenticated; 10]);
    assert!(codes.contains(&Code::ResourceExhausted), "{codes:?}");
    assert_eq!(calls::code(calls::caller(&app, Some(&viewer)).await, path).await.0, Code::Ok);
    assert_eq!(
        calls::code(calls::caller(&app, None).await, path).await.0,
        Code::Unauthenticated,
        "no trial at all"
    );
}

/// The address that the journal has of the one request that was made.
fn journalled(process: &Process) -> String {
    let endpoint = format!("grpc://{}", process.grpc);
    let mut client = Command::new(env!("CARGO_BIN_EXE_pxe-init-client"));
    let list = client
        .env_clear()
        .args(["--grpc-endpoint", &endpoint, "boots", "list", "-o", "json"])
        .output()
        .unwrap();
    let boots: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    boots[0]["client"].as_str().unwrap_or_else(|| panic!("{list:?}")).to_owned()
}

fn ask(address: SocketAddr, headers: &str) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request =
        format!("GET /ipxe?mac=52-54-00-12-34-56 HTTP/1.1\r\nHost: a\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn a_machine_comes_from_where_a_proxy_of_ours_says_and_from_nowhere_else() {
    let strange = "X-Forwarded-For: 192.0.2.7\r\n";
    let labelled = "Forwarded: for=6.6.6.6, for=\"192.0.2.8:4711\"\r\n";
    for (trusted, headers, expected) in [
        ("[]", strange, "127.0.0.1"),
        ("[\"10.0.0.0/8\"]", strange, "127.0.0.1"),
        ("[\"127.0.0.0/8\"]", strange, "192.0.2.7"),
        ("[\"127.0.0.0/8\"]", labelled, "192.0.2.8"),
        ("[\"127.0.0.0/8\"]", "", "127.0.0.1"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("server.toml");
        fs::write(&config, format!("[http]\ntrusted_proxies = {trusted}\n")).unwrap();
        let url = format!("sqlite://{}?mode=rwc", dir.path().join("test.db").display());
        let process = Process::start_unread(&url, &["--config", config.to_str().unwrap()], &[]);
        for _ in 0..1000 {
            if TcpStream::connect(process.http).is_ok_and(|mut stream| {
                let mut answer = String::new();
                let request = "GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
                stream.write_all(request.as_bytes()).is_ok()
                    && stream.read_to_string(&mut answer).is_ok()
                    && answer.starts_with("HTTP/1.1 200")
            }) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        ask(process.http, headers);
        assert_eq!(journalled(&process), expected, "{trusted} {headers}");
    }
}
