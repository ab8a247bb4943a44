//! The commands of docs/security.md, as they stand there.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::{env, fs};

use crate::app::TestApp;
use crate::shell::client_json;

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

/// From the quick start to a closed installation, in an empty directory.
#[test]
fn closed() {
    let dir = tempfile::tempdir().unwrap();
    let [http, grpc] = std::array::from_fn(|_| {
        std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
    });
    let binaries = Path::new(env!("CARGO_BIN_EXE_pxe-init-client")).parent().unwrap().to_owned();
    let bash = |text: &str| {
        let mut command = Command::new("bash");
        command
            .args(["-euo", "pipefail", "-c", &text.replace(":5000", &format!(":{grpc}"))])
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", binaries.display()))
            .env("PXE_INIT__HTTP__ADDRESS", "127.0.0.1")
            .env("PXE_INIT__HTTP__PORT", &http)
            .env("PXE_INIT__GRPC__ADDRESS", "127.0.0.1")
            .env("PXE_INIT__GRPC__PORT", &grpc)
            .current_dir(dir.path())
            .stdin(Stdio::null());
        command
    };
    let steps = blocks("closed");
    let made = bash(&steps[0]).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let serve = format!("exec {}", blocks("closed, served")[0]);
    let mut server = bash(&serve).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Each step goes on in the shell of the one before.
    let wait =
        "for _ in $(seq 150); do pxe-init-client -q image list >/dev/null 2>&1 && break; sleep 0.2; done\n";
    let rest =
        steps[1..].concat().replacen("pxe-init-client whoami", &format!("{wait}pxe-init-client whoami"), 1);
    let done = bash(&rest).output().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(done.status.success(), "{rest}\n{done:?}");
    let told = String::from_utf8_lossy(&done.stdout);
    for expected in ["admin (certificate): admin", "monitoring   viewer", "demo", "token/ada revoked"] {
        assert!(told.contains(expected), "{expected}: {told}");
    }
    for file in ["ada.token", "monitoring.token", "root.token", "certs/grace.pem"] {
        assert!(dir.path().join(file).exists(), "{file}");
    }
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
