//! The client binary against a server of this process.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::app::TestApp;

/// What a run of the client left behind.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the client as `ada` with these arguments, written as in a shell.
pub(crate) async fn client(app: &TestApp, args: &str) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pxe-init-client"));
    command.env_clear().env("USER", "ada").env("PXE_INIT_ENDPOINT", format!("grpc://{}", app.grpc));
    command.args(["--timeout", "60s"]).args(shell_words::split(args).unwrap()).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    Run {
        exit: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Runs it and insists that it went well.
pub(crate) async fn client_ok(app: &TestApp, args: &str) -> Run {
    let run = client(app, args).await;
    assert_eq!(run.exit, 0, "{args}: {run:?}");
    run
}

/// What it prints as JSON, after it went well.
pub(crate) async fn client_json(app: &TestApp, args: &str) -> Value {
    serde_json::from_str(&client_ok(app, &format!("{args} -o json")).await.stdout).unwrap()
}
