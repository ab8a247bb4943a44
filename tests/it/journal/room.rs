//! A server with its journal, the client binary and machines that ask.

use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::app::{Reply, TestApp};

/// A server with an image, a rule for everything in rack 1, and a registered machine.
pub(super) struct Room {
    pub(super) app: TestApp,
}

/// What a run of the client left behind.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) exit: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// How the registered machine asks.
pub(super) const ASK: &str = "/ipxe?mac=52-54-00-00-00-01&product=R640";

impl Room {
    pub(super) async fn start() -> Self {
        Self::with(&[]).await
    }

    pub(super) async fn with(settings: &[(&'static str, &str)]) -> Self {
        let room = Self { app: TestApp::with(settings).await };
        room.furnish().await;
        room
    }

    pub(super) async fn in_dir(dir: TempDir, settings: &[(&'static str, &str)]) -> Self {
        Self { app: TestApp::in_dir(dir, settings).await }
    }

    /// Registers what the tests ask for.
    pub(super) async fn furnish(&self) {
        self.app.image("demo", |image| image.args = vec!["quiet".to_owned()]).await;
        self.app.machine("web-1", "52:54:00:00:00:01", |machine| machine.image = "demo".into()).await;
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.app.get(path).await
    }

    /// The client with these arguments, written as in a shell.
    pub(super) fn command(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pxe-init-client"));
        command.env_clear().env("USER", "ada").env("PXE_INIT_ENDPOINT", format!("grpc://{}", self.app.grpc));
        command.args(["--timeout", "60s"]).args(shell_words::split(args).unwrap()).stdin(Stdio::null());
        command
    }

    /// Runs the client.
    pub(super) async fn run(&self, args: &str) -> Run {
        let mut command = self.command(args);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        Run {
            exit: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// What it prints as JSON, after it went well.
    pub(super) async fn json(&self, args: &str) -> Value {
        let run = self.run(&format!("{args} -o json")).await;
        assert_eq!(run.exit, 0, "{args}: {run:?}");
        serde_json::from_str(&run.stdout).unwrap()
    }

    /// The newest boot of the journal.
    pub(super) async fn newest(&self) -> Value {
        self.json("boots list --limit 1").await[0].clone()
    }

    /// The number of the newest boot.
    pub(super) async fn newest_id(&self) -> String {
        self.newest().await["id"].as_str().unwrap().to_owned()
    }

    /// A metric of the server; 0 where it is not there.
    pub(super) async fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics").await.body;
        let line = text.lines().find(|line| line.starts_with(&format!("pxe_init_{name} ")));
        line.map_or(0, |line| line.rsplit(' ').next().unwrap().parse().unwrap())
    }

    /// Waits until a metric is what it should be.
    pub(super) async fn until_metric(&self, name: &str, right: impl Fn(u64) -> bool) {
        for _ in 0..600 {
            if right(self.metric(name).await) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("not so in 30 s: {name} is {}", self.metric(name).await);
    }
}

/// The values of one field of a list.
pub(super) fn field(list: &Value, field: &str) -> Vec<String> {
    let text = |row: &Value| row[field].as_str().unwrap_or("-").to_owned();
    list.as_array().unwrap().iter().map(text).collect()
}
