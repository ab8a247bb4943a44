//! A plain request is answered as every other one: without the HTTP stack, and by the same words.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use crate::app::{Reply, TestApp};

/// A header that makes a request one for the HTTP stack, and changes nothing else.
const ODD: &str = "TE: trailers\r\n";

const PATHS: [&str; 16] = [
    "/boot.ipxe",
    "/ipxe?mac=52-54-00-00-00-01&hostname=a%20b",
    "/ipxe?mac=52-54-00-00-00-09",
    "/ipxe?mac=52",
    "/ipxe?mac=52-54-00-00-00-01&serial=a%0Ab",
    "/ipxe",
    "/ignition?mac=52-54-00-00-00-01",
    "/grub?mac=52-54-00-00-00-02",
    "/cloud-init/52-54-00-00-00-01/meta-data",
    "/cloud-init/mac=52-54-00-00-00-01&serial=x/user-data",
    "/cloud-init/52-54-00-00-00-01/nothing",
    "/cloud-init/52-54-00-00-00-01/meta-data/more",
    "/cloud-init//meta-data",
    "/nothing",
    "/boot.ipxe/",
    "/health",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ways_give_the_same_answer() {
    let app = TestApp::start().await;
    app.image("demo", |image| image.args = vec!["quiet".to_owned()]).await;
    app.machine("web-1", "52:54:00:00:00:01", |machine| machine.image = "demo".into()).await;
    app.machine("web-2", "52:54:00:00:00:02", |_| {}).await;
    for path in PATHS {
        for method in ["GET", "HEAD", "POST"] {
            let ask = |more: &str| {
                let host = "Host: boot.example.org\r\n";
                format!("{method} {path} HTTP/1.1\r\n{host}{more}Connection: close\r\n\r\n")
            };
            let (plain, odd) = (app.request(&ask("")).await, app.request(&ask(ODD)).await);
            assert_eq!(told(&plain), told(&odd), "{method} {path}");
            assert!(
                plain.header("date").is_some() && plain.header("connection") == Some("close"),
                "{plain:?}"
            );
            assert_eq!(method == "HEAD", plain.body.is_empty(), "{plain:?}");
        }
    }
    app.stop().await;
}

/// What an answer says, without the order of its headers and the time.
fn told(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<_> = reply.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
    headers.sort();
    (reply.status, headers, reply.body.clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_takes_plain_and_odd_requests_in_turn() {
    let app = TestApp::start().await;
    let address = app.http;
    let ask = |more: &str| format!("GET /boot.ipxe HTTP/1.1\r\nHost: h\r\n{more}\r\n");
    let parts = [
        vec![ask("")],
        vec![ask("")],
        // In pieces, and with the next one in the last piece.
        vec![ask("")[..20].to_owned(), ask("")[20..].to_owned() + &ask(""), ask(ODD)],
        vec![ask("Connection: close\r\n")],
    ];
    let text = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        for part in parts.iter().flatten() {
            stream.write_all(part.as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(50));
        }
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    })
    .await
    .unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), 6, "{text}");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_that_nothing_more_comes_is_answered() {
    let app = TestApp::start().await;
    let address = app.http;
    let texts = tokio::task::spawn_blocking(move || {
        ["", ODD].map(|more| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            let ask = format!("GET /boot.ipxe HTTP/1.1\r\nHost: h\r\n{more}\r\n");
            stream.write_all(ask.as_bytes()).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        })
    })
    .await
    .unwrap();
    for text in texts {
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text:?}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_the_socket_does_not_take_at_once_comes_whole() {
    let app = TestApp::start().await;
    let template =
        format!("#!ipxe\n{}shell\n", "echo 0123456789012345678901234567890123456789\n".repeat(20_000));
    app.template("large", "ipxe", &template).await.unwrap();
    app.image("demo", |image| drop(image.templates.insert("ipxe".into(), "large".into()))).await;
    app.machine("web-1", "52:54:00:00:00:01", |machine| machine.image = "demo".into()).await;
    let address = app.http;
    let body = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let ask = "GET /ipxe?mac=52-54-00-00-00-01 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        stream.write_all(ask.as_bytes()).unwrap();
        // So that the server meets a full socket.
        std::thread::sleep(Duration::from_millis(300));
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Reply::parse(&String::from_utf8(bytes).unwrap()).body
    })
    .await
    .unwrap();
    assert_eq!(body.len(), template.len());
    assert_eq!(body, template);
    app.stop().await;
}
