//! The commands of docs/security.md, as they stand there.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::{env, fs};

use crate::app::TestApp;
use crate::shell::{client_json, client_ok};

/// The blocks of commands under a `<!-- test: NAME -->`, in their order.
fn blocks(name: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let text = fs::read_to_string(path).unwrap();
    let mark = format!("<!-- test: {name} -->\n```sh\n");
    let found: Vec<_> = text
        .split(&mark)
        .skip(1)
        .map(|rest| rest.split_once("```").expect("the block ends").0.to_owned())
        .collect();
    assert!(!found.is_empty(), "docs/security.md has no commands of {name}");
    found
}

/// Runs a block as somebody would who typed it, and insists that each command goes well.
async fn run(app: &TestApp, block: &str, variables: &[(&str, &str)]) -> Output {
    let binaries = Path::new(env!("CARGO_BIN_EXE_pxe-init-client")).parent().unwrap().to_owned();
    let mut command = Command::new("bash");
    command
        .args(["-euo", "pipefail", "-c", block])
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", binaries.display()))
        .env("USER", "ada")
        .env("PXE_INIT_ENDPOINT", format!("grpc://{}", app.grpc))
        .envs(variables.iter().copied())
        .current_dir(app.dir.path())
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{block}\n{output:?}");
    output
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn audit() {
    let app = TestApp::start().await;
    app.machine("node1", "52:54:00:12:34:56", |_| ()).await;
    for block in blocks("audit") {
        let output = run(&app, &block, &[]).await;
        assert!(!output.stdout.is_empty(), "{block}");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens() {
    let app = TestApp::start().await;
    app.template("node.ign", "ignition", "{\"ignition\": {\"version\": \"3.4.0\"}}\n").await.unwrap();
    for block in blocks("tokens") {
        run(&app, &block.replace("127.0.0.1:8080", &app.http.to_string()), &[]).await;
    }
    let machine = client_json(&app, "machine get node8").await;
    assert_eq!(machine["params"]["accepted"], true);
    assert_eq!(client_json(&app, "boots list --outcome denied").await[0]["machine"], "node7");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database() {
    let app = TestApp::start().await;
    for file in ["password", "ca.crt", "pxe.crt", "pxe.key"] {
        fs::write(app.dir.path().join(file), "hunter2\n").unwrap();
    }
    for block in blocks("database") {
        let output = run(&app, &block, &[]).await;
        assert_eq!(String::from_utf8_lossy(&output.stdout), "the configuration is valid\n");
    }
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets() {
    let app = TestApp::start().await;
    client_ok(&app, "machine register node1 --mac 52:54:00:12:34:56 --param password=hunter2").await;
    let url = format!("sqlite://{}", app.dir.path().join("test.db").display());
    for block in blocks("secrets") {
        run(&app, &block, &[("DATABASE", &url)]).await;
    }
    let keys = fs::read_to_string(app.dir.path().join("keys.3")).unwrap();
    let app = TestApp::in_dir(app.stop().await, &[("secrets.key", keys.trim())]).await;
    assert_eq!(client_json(&app, "machine get node1").await["params"]["password"], "hunter2");
    client_ok(&app, "audit verify").await;
    app.stop().await;
}

/// Whoever adds a section says what of it is tested, and by which test here.
#[test]
fn every_command_is_run() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/security.md");
    let text = fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        if *line == "```sh" {
            assert!(
                lines[at - 1].starts_with("<!-- test: "),
                "line {} of docs/security.md begins commands that no test runs",
                at + 1
            );
        }
    }
}
