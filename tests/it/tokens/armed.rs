//! Machines that are armed for one installation.

use super::{MAC, boot, is_denied, restarted, site};
use crate::app::TestApp;
use crate::shell::{client_json, client_ok};

async fn until_used(app: &TestApp) {
    for _ in 0..600 {
        let machine = client_json(app, "machine get web-1").await;
        if machine["params"]["armed"].as_str().is_some_and(|armed| armed.contains(" used by boot ")) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the catalog was not told");
}

/// Whether the machine boots its disk.
async fn boots_its_disk(app: &TestApp) -> bool {
    let script = app.get(&format!("/ipxe?mac={MAC}")).await;
    assert_eq!(script.status, 200, "{script:?}");
    let template = script.headers.iter().find(|(name, _)| name == "x-pxe-init-template").unwrap();
    template.1 == "local@built-in"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_installs_once_and_then_boots_its_disk() {
    let app = site("arm").await;
    assert!(boots_its_disk(&app).await);
    let bare = format!("/ignition?mac={MAC}");
    assert!(is_denied(&app.get(&bare).await, "the machine is not armed"));

    client_ok(&app, "machine arm web-1 -m 'install it'").await;
    let other = boot(&app, MAC).await;
    // It resets before it asked for anything, and begins anew.
    let urls = boot(&app, MAC).await;
    assert!(is_denied(&app.get(&bare).await, "it takes the token of a boot"));
    assert_eq!(app.get(&urls[0]).await.status, 200);
    // The same installation goes on; no other begins.
    assert_eq!(app.get(&urls[1]).await.status, 200);
    assert!(is_denied(&app.get(&other[0]).await, "began with another boot"));
    assert!(boots_its_disk(&app).await, "at once, before the catalog knows");
    until_used(&app).await;
    assert_eq!(app.get(&urls[2]).await.status, 200);
    assert!(is_denied(&app.get(&other[0]).await, "began with another boot"));

    // The catalog has it: a restart, and another server, know it too.
    let app = restarted(app).await;
    assert!(boots_its_disk(&app).await);
    assert_eq!(app.get(&urls[3]).await.status, 200);
    assert!(is_denied(&app.get(&other[0]).await, "began with another boot"));
    let told = client_json(&app, "audit list --who boot").await;
    assert!(told[0]["message"].as_str().unwrap().starts_with("the installation began with boot "), "{told}");
    assert_eq!(told[0]["from"], "127.0.0.1");
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_from_before_does_not_install_it_again() {
    let app = site("arm").await;
    client_ok(&app, "machine arm web-1").await;
    let file = app.dir.path().join("web-1.yaml");
    std::fs::write(&file, client_ok(&app, "machine get web-1 -o yaml").await.stdout).unwrap();
    let urls = boot(&app, MAC).await;
    assert_eq!(app.get(&urls[0]).await.status, 200);
    until_used(&app).await;
    let again = client_ok(&app, &format!("machine register -f {}", file.display())).await;
    assert!(again.stdout.contains("unchanged"), "{again:?}");
    assert!(boots_its_disk(&app).await);

    client_ok(&app, "machine arm web-1").await;
    assert!(!boots_its_disk(&app).await, "whoever means it can");
    client_ok(&app, "machine arm web-1 --disarm").await;
    assert!(boots_its_disk(&app).await);
    app.stop().await;
}
