//! Machines that ask while bombs go off get their answers as ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pxe_init::proto::pxe_init as v1;

use super::BOMBS;
use crate::app::TestApp;

/// How many machines ask for bombs, again and again.
const BOMBERS: usize = 8;

/// What the usual boot may take. Alone it is half a millisecond here, and so it is meanwhile; when bombs were rendered like
/// anything else it was 150 ms.
const USUAL: Duration = Duration::from_millis(50);

/// The longest that any boot may take.
const PATIENCE: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ordinary_boots_are_answered_while_bombs_go_off() {
    let app = Arc::new(TestApp::start().await);
    app.image("plain", |_| ()).await;
    app.machine("node", "52:54:00:00:00:01", |machine| machine.image = "plain".into()).await;
    // No sample says this asset, so that the template can be saved.
    let branches =
        BOMBS.iter().filter(|(name, _)| !["format", "including itself"].contains(name)).enumerate();
    let source = branches.map(|(nth, (_, source))| {
        format!("{{% if facts.asset|default('') == 'boom{nth}' %}}{source}{{% endif %}}")
    });
    let source = format!("#!ipxe\n{}", source.collect::<String>());
    app.template("bomb", "ipxe", &source).await.unwrap();
    app.image("bomb", |image| drop(image.templates.insert("ipxe".into(), "bomb".into()))).await;
    app.machine("bomber", "52:54:00:00:00:02", |machine| machine.image = "bomb".into()).await;

    let alone = boots(&app).await;
    let stop = Arc::new(AtomicBool::new(false));
    let refused = Arc::new(AtomicUsize::new(0));
    let bombers: Vec<_> = (0..BOMBERS)
        .map(|nth| {
            let (app, stop, refused) = (app.clone(), stop.clone(), refused.clone());
            tokio::spawn(async move {
                let mut preview = app.boots().await;
                for round in nth.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let boom = format!("boom{}", round % (BOMBS.len() - 2));
                    let reply = app.get(&format!("/ipxe?mac=52-54-00-00-00-02&asset={boom}")).await;
                    assert!(reply.body.contains("could not be made"), "{}", reply.body);
                    let target =
                        v1::Target { machine: "bomber".into(), facts: [("asset".into(), boom)].into() };
                    let request = v1::PreviewRequest {
                        target: Some(target),
                        kind: "ipxe".into(),
                        ..Default::default()
                    };
                    let outcome = preview.preview(request).await.unwrap().into_inner().outcome;
                    assert_eq!(outcome, "failed");
                    refused.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    while refused.load(Ordering::Relaxed) < BOMBERS {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let meanwhile = boots(&app).await;
    stop.store(true, Ordering::Relaxed);
    for bomber in bombers {
        bomber.await.unwrap();
    }
    assert!(meanwhile[25] < USUAL && meanwhile[49] < PATIENCE, "alone {alone:?}, meanwhile {meanwhile:?}");
}

/// How long fifty boots took, one after the other, the shortest first.
async fn boots(app: &TestApp) -> Vec<Duration> {
    let mut took = Vec::new();
    for _ in 0..50 {
        let begun = Instant::now();
        let reply = app.get("/ipxe?mac=52-54-00-00-00-01").await;
        took.push(begun.elapsed());
        assert!(reply.body.contains("kernel http"), "{}", reply.body);
    }
    took.sort();
    took
}
