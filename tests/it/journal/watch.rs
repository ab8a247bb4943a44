//! `boots watch`.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use super::room::{ASK, Room};
use crate::app::TestApp;

/// A client that watches, killed when it is dropped.
struct Watching {
    child: Child,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Watching {
    fn start(room: &Room, args: &str) -> Self {
        let mut command = room.command(args);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    /// Waits for a line on standard error that contains this.
    async fn told(&self, what: &str) {
        tokio::task::block_in_place(|| {
            loop {
                let line = self.stderr.recv_timeout(Duration::from_secs(60)).unwrap();
                if line.contains(what) {
                    return;
                }
            }
        });
    }

    async fn line(&self) -> String {
        tokio::task::block_in_place(|| self.stdout.recv_timeout(Duration::from_secs(60)).unwrap())
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(read: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(read).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    receive
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boots_come_as_they_happen_and_after_a_restart() {
    let mut room = Room::start().await;
    let watching = Watching::start(&room, "boots watch --machine web-1 -o json");
    watching.told("watching ").await;
    room.get("/ipxe?mac=52-54-00-00-00-02").await;
    room.get(ASK).await;
    let boot: Value = serde_json::from_str(&watching.line().await).unwrap();
    assert_eq!((&boot["machine"], &boot["outcome"]), (&"web-1".into(), &"rendered".into()));

    let port = room.app.grpc.port().to_string();
    // It must not wait for those who watch.
    let dir = tokio::time::timeout(Duration::from_secs(8), room.app.stop()).await.unwrap();
    watching.told("the server is away").await;
    room.app = TestApp::in_dir(dir, &[("grpc.port", &port)]).await;
    watching.told("connected again").await;
    room.get(ASK).await;
    let again: Value = serde_json::from_str(&watching.line().await).unwrap();
    assert_eq!(again["machine"], "web-1");
    assert!(again["id"].as_str() > boot["id"].as_str());
    drop(watching);
    room.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_get_a_line_a_boot() {
    let room = Room::start().await;
    let watching = Watching::start(&room, "boots watch");
    watching.told("watching ").await;
    room.get(ASK).await;
    assert!(watching.line().await.starts_with("ID "));
    let line = watching.line().await;
    assert!(line.contains("web-1") && line.contains("linux@built-in"), "{line}");
    drop(watching);
    let wrong = room.run("boots watch --mac zz").await;
    assert_eq!(wrong.exit, 4, "{wrong:?}");
    room.app.stop().await;
}
