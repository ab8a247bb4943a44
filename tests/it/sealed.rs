//! A server whose secrets are encrypted at rest.

use std::process::{Command, Output};

use tempfile::TempDir;

use crate::app::TestApp;
use crate::log::Logged;
use crate::shell::{client, client_json, client_ok};

const KEY: &str = "k-1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const SECRET: &str = "hunter2-and-some-more";

async fn furnish(app: &TestApp) {
    let source = "{#- params\npassword: { type: string, secret: true, required: true }\n-#}\n#!ipxe\necho {{ params.password }}\n";
    app.template("ours", "ipxe", source).await.unwrap_or_else(|e| panic!("{e:?}"));
    client_ok(app, "image register demo --kernel vmlinuz --template ipxe=ours").await;
    let machine =
        format!("machine register web-1 --mac 52:54:00:00:00:01 --image demo --param password={SECRET}");
    client_ok(app, &machine).await;
}

/// The files that the server left, as one.
fn files(dir: &TempDir) -> Vec<(String, String)> {
    let read = |path: &std::path::Path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    let entries = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).map(|path| (path.display().to_string(), read(&path))).collect()
}

fn server(dir: &TempDir, args: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pxe-init-server"));
    command.current_dir(dir.path()).env_clear().args(shell_words::split(args).unwrap());
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_file_has_a_secret_and_machines_get_it() {
    let app = TestApp::with(&[("secrets.key", KEY), ("snapshot.file", "kept.snapshot")]).await;
    furnish(&app).await;
    let asked = app.get("/ipxe?mac=52-54-00-00-00-01").await;
    assert_eq!(asked.body, format!("#!ipxe\necho {SECRET}\n"));
    client_ok(&app, "audit verify").await;
    assert!(!client_json(&app, "audit list").await.to_string().contains(SECRET));
    let id = client_json(&app, "boots list --limit 1").await[0]["id"].as_str().unwrap().to_owned();
    client_ok(&app, "machine register web-1 --mac 52:54:00:00:00:01 --image demo --param password=other")
        .await;
    let replayed = client(&app, &format!("boots replay {id}")).await;
    assert!(replayed.stdout.starts_with("same: "), "{replayed:?}");
    let dir = app.stop().await;
    let found = files(&dir);
    assert!(
        found.iter().any(|(name, text)| name.ends_with("kept.snapshot") && text.contains("sealed:1:k-1:")),
        "{found:?}"
    );
    for (name, text) in found {
        assert!(!text.contains(SECRET), "{name}");
    }

    // Without the key nothing is served, and the log and /ready say what is missing.
    let app = TestApp::begin(dir, &[("snapshot.file", "kept.snapshot")]).await;
    app.until("the key is named", |ready| {
        ready.status == 503
            && ready.body.contains("it is encrypted with the key k-1, which this server does not have")
    })
    .await;
    let dir = app.stop().await;
    let app = TestApp::in_dir(dir, &[("secrets.key", KEY), ("snapshot.file", "kept.snapshot")]).await;
    assert_eq!(app.get("/ipxe?mac=52-54-00-00-00-01").await.body, "#!ipxe\necho other\n");
    app.stop().await;
}

#[test]
fn keys_are_made_checked_and_never_shown() {
    let dir = TempDir::new().unwrap();
    let made = server(&dir, "secrets init keys");
    assert!(made.status.success(), "{made:?}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(dir.path().join("keys")).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(dir.path().join("keys")).unwrap();
    let key = text.lines().nth(1).unwrap().split(' ').nth(1).unwrap();
    assert!(!String::from_utf8_lossy(&made.stdout).contains(key));
    let again = server(&dir, "secrets init keys");
    assert!(
        again.status.code() == Some(1) && String::from_utf8_lossy(&again.stderr).contains("File exists"),
        "{again:?}"
    );
    assert_eq!(std::fs::read_to_string(dir.path().join("keys")).unwrap(), text);

    let shown = server(&dir, "config show --secrets-key-file keys");
    let told = String::from_utf8_lossy(&shown.stdout);
    assert!(told.contains("key = \"********\"") && !told.contains(key), "{told}");
    let line = String::from_utf8(server(&dir, "secrets new-key").stdout).unwrap();
    std::fs::write(dir.path().join("keys"), format!("{line}{text}")).unwrap();
    let rotated = server(&dir, "secrets rotate --secrets-key-file keys");
    assert!(
        String::from_utf8_lossy(&rotated.stdout).contains(line.split(' ').next().unwrap()),
        "{rotated:?}"
    );

    std::fs::write(dir.path().join("keys"), format!("{line}short {}\n", &key[1..])).unwrap();
    let wrong = server(&dir, "config check --secrets-key-file keys");
    let told = String::from_utf8_lossy(&wrong.stderr);
    assert!(
        wrong.status.code() == Some(64)
            && told.contains("secrets.key_file")
            && told.contains("line 2 is not NAME KEY"),
        "{told}"
    );
    assert!(!told.contains(&key[1..]), "{told}");
    let none = server(&dir, "secrets rotate");
    assert!(
        none.status.code() == Some(1) && String::from_utf8_lossy(&none.stderr).contains("no key is given"),
        "{none:?}"
    );
}

#[test]
fn a_start_warns_of_secrets_in_clear_where_there_are_some() {
    let dir = TempDir::new().unwrap();
    let log = Logged::with(&dir, "text", &[], &[]);
    log.client("machine register a --mac 52:54:00:00:00:01");
    log.client("machine register b --mac 52:54:00:00:00:02 --param iscsi_password=hunter2");
    let (_, told) = log.stop();
    assert!(!told.iter().any(|line| line.contains("kept in clear")), "{told:?}");
    let (_, told) = Logged::with(&dir, "text", &[], &[]).stop();
    let warning = told.iter().find(|line| line.contains("kept in clear")).unwrap();
    assert!(
        warning.contains("params=\"iscsi_password\"") && warning.contains("secrets.key_file"),
        "{warning}"
    );
}
