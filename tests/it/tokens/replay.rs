//! What is kept of a boot with a token, and what previews show.

use super::{MAC, boot, site, token};
use crate::shell::{client, client_json, client_ok};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_boot_with_a_token_is_replayed_and_previewed_without_it() {
    let app = site("token").await;
    let urls = boot(&app, MAC).await;
    let script = client_json(&app, "boots list --kind ipxe --limit 1").await[0].clone();
    assert_eq!(app.get(&urls[0]).await.status, 200);
    let document = client_json(&app, "boots list --kind ignition --limit 1").await[0].clone();
    app.get(&format!("/ignition?mac={MAC}")).await;
    let denied = client_json(&app, "boots list --kind ignition --limit 1").await[0].clone();
    for id in [&script["id"], &document["id"]] {
        let same = client(&app, &format!("boots replay {}", id.as_str().unwrap())).await;
        assert!(same.exit == 0 && same.stdout.starts_with("same: "), "{same:?}");
    }
    let denied = client(&app, &format!("boots replay {}", denied["id"].as_str().unwrap())).await;
    assert!(
        denied.exit == 1 && denied.stdout.contains("the token that the machine brought along"),
        "{denied:?}"
    );
    let preview = client_ok(&app, "preview web-1").await.stdout;
    assert!(preview.contains("/ignition?token=__token__") && !preview.contains(token(&urls[0])), "{preview}");

    // Of two boots no one gets the other's, however often they ask.
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        assert!(seen.insert(token(&boot(&app, MAC).await[0]).to_owned()));
    }
    app.stop().await;
}
