//! Params that only the machine may see.

use crate::app::TestApp;
use pxe_init::proto::pxe_init as v1;

const SECRET: &str = "hunter2";
const MAC: &str = "52:54:00:00:00:01";

/// A machine with a secret, which only the image's template declares to be one.
async fn site() -> TestApp {
    let app = TestApp::start().await;
    let source = "{#- params\npassword: { type: string, secret: true, required: true }\n-#}\n#!ipxe\necho {{ params.password }} {{ params.site|default('b1') }}\n";
    app.template("ours", "ipxe", source).await.unwrap_or_else(|e| panic!("{e:?}"));
    app.image("demo", |image| {
        image.templates.insert("ipxe".into(), "ours".into());
        image.params.insert("password".into(), format!("\"{SECRET}\""));
    })
    .await;
    app.machine("node1", MAC, |machine| machine.image = "demo".into()).await;
    app
}

fn node1() -> Option<v1::Target> {
    Some(v1::Target { machine: "node1".into(), ..Default::default() })
}

async fn preview(app: &TestApp, change: impl FnOnce(&mut v1::PreviewRequest)) -> v1::PreviewResponse {
    let mut request = v1::PreviewRequest { target: node1(), ..Default::default() };
    change(&mut request);
    let mut boot = v1::boot_service_client::BootServiceClient::new(app.channel().await);
    boot.preview(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_preview_shows_them_only_when_it_is_asked_to() {
    let app = site().await;
    assert_eq!(app.get("/ipxe?mac=52-54-00-00-00-01").await.body, "#!ipxe\necho hunter2 b1\n");
    let masked = preview(&app, |_| ()).await;
    assert_eq!(masked.document, "#!ipxe\necho __secret__ b1\n");
    assert_eq!(masked.warnings, ["params that are secret are shown as __secret__"]);
    let shown = preview(&app, |request| request.show_secrets = true).await;
    assert_eq!((shown.document.as_str(), shown.warnings.len()), ("#!ipxe\necho hunter2 b1\n", 0));
    // A source that does not declare it is no way to read it, in whatever form.
    for source in ["#!ipxe\necho {{ params.password }}", "#!ipxe\necho {{ params.password|b64 }}"] {
        let masked = preview(&app, |request| request.source = Some(source.into())).await;
        assert_eq!(masked.outcome, "rendered");
        assert!(!masked.document.contains(SECRET) && !masked.document.contains("aHVudGVy"), "{masked:?}");
    }
}

#[tokio::test]
async fn what_would_fail_fails_with_masks_too() {
    let app = site().await;
    let image = v1::Image {
        name: "demo".into(),
        kernel: "k".into(),
        templates: [("ipxe".to_owned(), "ours".to_owned())].into(),
        params: [("password".to_owned(), "\"two words\"".to_owned())].into(),
        ..Default::default()
    };
    let (force, message) = (true, "on purpose".to_owned());
    let request = v1::RegisterImageRequest { image: Some(image), force, message, ..Default::default() };
    let answer = app.images().await.register_image(request).await.unwrap().into_inner();
    let told = format!("{:?}", answer.result.unwrap());
    assert!(told.contains("params.password: (secret) → (secret)") && !told.contains("two words"), "{told}");
    let masked = preview(&app, |_| ()).await;
    assert_eq!(masked.outcome, "failed");
    assert!(!masked.problem.contains("two words") && !masked.document.contains("two words"), "{masked:?}");
}

#[tokio::test]
async fn explain_fleets_and_plans_have_masks() {
    let app = site().await;
    let mut boot = v1::boot_service_client::BootServiceClient::new(app.channel().await);
    for (show_secrets, expected) in [(false, "\"__secret__\""), (true, "\"hunter2\"")] {
        let request = v1::ExplainRequest { target: node1(), show_secrets };
        let explained = boot.explain(request).await.unwrap().into_inner();
        let password = explained.params.iter().find(|param| param.key == "password").unwrap();
        assert_eq!(password.value, expected);
        let request = v1::PreviewFleetRequest { show_secrets, ..Default::default() };
        let mut fleet = boot.preview_fleet(request).await.unwrap().into_inner();
        let first = fleet.message().await.unwrap().unwrap().preview.unwrap();
        assert_eq!(first.document.contains(SECRET), show_secrets);
    }
    // Two values of a secret are shown to differ, and not how.
    let machine = v1::Machine {
        name: "node1".into(),
        macs: vec![MAC.into()],
        image: "demo".into(),
        params: [("password".to_owned(), "\"changed1\"".to_owned())].into(),
        ..Default::default()
    };
    let resource = v1::resource::Resource::Machine(machine);
    let put = v1::change::Change::Put(v1::Resource { resource: Some(resource) });
    let changes = vec![v1::Change { change: Some(put), base_revision: 0 }];
    let mut events = app.catalog().await.plan(v1::PlanRequest { changes }).await.unwrap().into_inner();
    let mut plan = None;
    while let Some(response) = events.message().await.unwrap() {
        if let Some(v1::plan_response::Event::Plan(found)) = response.event {
            plan = Some(found);
        }
    }
    let plan = plan.unwrap();
    let told = format!("{plan:?}");
    assert!(!told.contains(SECRET) && !told.contains("changed1"), "{told}");
    assert_eq!((plan.affected, plan.groups[0].detail.as_str()), (1, "only in values that are secret"));
}
