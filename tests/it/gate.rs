//! Writes after which documents of registered machines can not be rendered, plans of what writes do to machines, and
//! exports.

use insta::assert_snapshot;
use tonic_types::StatusExt as _;

use crate::app::TestApp;
use pxe_init::proto::pxe_init as v1;

const NEEDS: &str = "#!ipxe\necho {{ params.site }} {{ machine.name }}\n";

/// An image whose template needs a param, which the rule gives to some and some machines have.
async fn site() -> TestApp {
    let app = TestApp::start().await;
    app.template("needs", "ipxe", "#!ipxe\necho {{ machine.name }}\n").await.unwrap();
    app.image("demo", |image| drop(image.templates.insert("ipxe".into(), "needs".into()))).await;
    for i in 0..4 {
        let mac = format!("52:54:00:00:00:0{i}");
        app.machine(&format!("node{i}"), &mac, |machine| {
            machine.image = "demo".into();
            if i == 3 {
                machine.params.insert("site".into(), "\"b1\"".into());
            }
        })
        .await;
    }
    app
}

fn put(resource: v1::resource::Resource) -> v1::Change {
    let resource = v1::Resource { resource: Some(resource) };
    v1::Change { change: Some(v1::change::Change::Put(resource)), base_revision: 0 }
}

fn template(name: &str, source: &str) -> v1::Change {
    put(v1::resource::Resource::Template(v1::Template {
        name: name.into(),
        kind: "ipxe".into(),
        source: source.into(),
        ..Default::default()
    }))
}

fn delete(noun: &str, name: &str) -> v1::Change {
    let deletion = v1::Deletion { noun: noun.into(), name: name.into() };
    v1::Change { change: Some(v1::change::Change::Delete(deletion)), base_revision: 0 }
}

/// An error as a client shows it.
fn shown(status: &tonic::Status) -> String {
    let fields = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    let fields = fields.iter().map(|v| format!("\n{}: {}", v.field, v.description));
    format!("{:?}: {}{}", status.code(), status.message(), fields.collect::<String>())
}

async fn plan(app: &TestApp, changes: Vec<v1::Change>) -> v1::Plan {
    let mut events = app.catalog().await.plan(v1::PlanRequest { changes }).await.unwrap().into_inner();
    let mut progress = None;
    while let Some(response) = events.message().await.unwrap() {
        match response.event.unwrap() {
            v1::plan_response::Event::Progress(at) => progress = Some(at),
            v1::plan_response::Event::Plan(plan) => {
                let told = progress.expect("some progress");
                assert_eq!((told.done, told.total), (plan.machines, plan.machines));
                return plan;
            }
        }
    }
    panic!("no plan");
}

/// A plan in short.
fn in_short(plan: &v1::Plan) -> String {
    let mut text = format!("{} of {} machines\n", plan.affected, plan.machines);
    for group in &plan.groups {
        text += &format!(
            "{} {} {}x ({}) {}\n{}",
            group.effect,
            group.kind,
            group.count,
            group.machines.join(" "),
            group.detail,
            group.diff
        );
    }
    text
}

#[tokio::test]
async fn a_template_that_fails_for_machines_is_refused_with_who_and_why() {
    let app = site().await;
    let refused = app.template("needs", "ipxe", NEEDS).await.unwrap_err();
    assert_snapshot!("template_refused", shown(&refused));
    let reply = app.get("/ipxe?mac=52-54-00-00-00-00").await;
    assert_eq!(reply.body, "#!ipxe\necho node0\n", "what was stored still is");
}

#[tokio::test]
async fn force_needs_a_message_and_is_recorded() {
    let app = site().await;
    let save = |message: &str| v1::ApplyRequest {
        changes: vec![template("needs", NEEDS)],
        message: message.into(),
        force: true,
        dry_run: false,
    };
    let refused = app.catalog().await.apply(save("")).await.unwrap_err();
    assert_snapshot!("force_without_message", shown(&refused));
    let applied = app.catalog().await.apply(save("the params come next")).await.unwrap().into_inner();
    assert_snapshot!("forced_warning", applied.warnings.join("\n"));
    let request = v1::ListTemplateRevisionsRequest { name: "needs".into(), ..Default::default() };
    let history = app.templates().await.list_template_revisions(request).await.unwrap().into_inner();
    assert_snapshot!("forced_history", history.revisions[0].message);
}

#[tokio::test]
async fn a_machine_an_image_and_a_rule_are_held_to_the_same() {
    let app = site().await;
    let save = v1::ApplyRequest {
        changes: vec![template("needs", "#!ipxe\necho {{ params.site|default('none') }}\n")],
        ..Default::default()
    };
    app.catalog().await.apply(save).await.unwrap();
    app.template("strict", "ipxe", NEEDS).await.unwrap();

    let machine = v1::Machine {
        name: "new".into(),
        macs: vec!["52:54:00:00:00:99".into()],
        image: "demo".into(),
        templates: [("ipxe".to_owned(), "strict".to_owned())].into(),
        ..Default::default()
    };
    let request = v1::RegisterMachineRequest { machine: Some(machine), ..Default::default() };
    let refused = app.machines().await.register_machine(request).await.unwrap_err();
    assert_snapshot!("machine_refused", shown(&refused));

    let image = v1::Image {
        name: "demo".into(),
        kernel: "vmlinuz".into(),
        templates: [("ipxe".to_owned(), "strict".to_owned())].into(),
        ..Default::default()
    };
    let request = v1::RegisterImageRequest { image: Some(image), ..Default::default() };
    let refused = app.images().await.register_image(request).await.unwrap_err();
    assert_snapshot!("image_refused", shown(&refused));
}

#[tokio::test]
async fn what_only_a_request_tells_is_no_reason_to_refuse() {
    let app = site().await;
    let source = "#!ipxe\necho {{ facts.product|text }} {{ machine.hostname }} {{ facts.arch }}\n";
    app.template("needs", "ipxe", source).await.unwrap();
}

#[tokio::test]
async fn all_changes_or_none() {
    let app = site().await;
    let before = app.get("/ready").await.body;
    let changes = vec![template("good", "#!ipxe\nboot\n"), delete("image", "demo"), delete("rule", "none")];
    let request = v1::ApplyRequest { changes, ..Default::default() };
    let refused = app.catalog().await.apply(request).await.unwrap_err();
    assert_snapshot!("batch_refused", shown(&refused));
    let revision = |body: &str| body.split(',').find(|part| part.contains("revision")).unwrap().to_owned();
    assert_eq!(revision(&app.get("/ready").await.body), revision(&before));
}

#[tokio::test]
async fn a_plan_groups_machines_by_what_happens_to_them() {
    let app = site().await;
    let plan = plan(
        &app,
        vec![
            template("needs", "#!ipxe\necho hello {{ machine.name }} {{ params.site|default('') }}\n"),
            delete("machine", "node2"),
        ],
    )
    .await;
    assert_snapshot!("plan_groups", in_short(&plan));
    let reply = app.get("/ipxe?mac=52-54-00-00-00-02").await;
    assert_eq!(reply.body, "#!ipxe\necho node2\n", "a plan changes nothing");
}

#[tokio::test]
async fn a_plan_tells_of_failures_and_of_what_is_booted() {
    let app = site().await;
    let mut machine =
        v1::Machine { name: "node1".into(), macs: vec!["52:54:00:00:00:01".into()], ..Default::default() };
    let unbound = put(v1::resource::Resource::Machine(machine.clone()));
    machine.name = "fresh".into();
    machine.macs = vec!["52:54:00:00:00:77".into()];
    machine.image = "other".into();
    let fresh = put(v1::resource::Resource::Machine(machine));
    let other = v1::Image { name: "other".into(), kernel: "k".into(), ..Default::default() };
    let other = put(v1::resource::Resource::Image(other));
    let plan = plan(&app, vec![template("needs", NEEDS), unbound, fresh, other]).await;
    assert_snapshot!("plan_failures", in_short(&plan));
}

#[tokio::test]
async fn an_export_has_everything_of_one_revision_and_no_built_in_template() {
    let app = site().await;
    let mut stream = app.catalog().await.export(v1::ExportRequest::default()).await.unwrap().into_inner();
    let mut names = Vec::new();
    while let Some(response) = stream.message().await.unwrap() {
        assert_eq!(response.revision, 6);
        names.push(match response.resource.unwrap().resource.unwrap() {
            v1::resource::Resource::Image(image) => format!("image/{}", image.name),
            v1::resource::Resource::Template(template) => {
                assert!(!template.source.is_empty());
                format!("template/{}", template.name)
            }
            v1::resource::Resource::Machine(machine) => format!("machine/{}", machine.name),
            v1::resource::Resource::Rule(rule) => format!("rule/{}", rule.name),
        });
    }
    assert_eq!(
        names,
        ["image/demo", "template/needs", "machine/node0", "machine/node1", "machine/node2", "machine/node3"]
    );
    let wrong = v1::ExportRequest { nouns: vec!["host".into()], ..Default::default() };
    let refused = app.catalog().await.export(wrong).await.unwrap_err();
    assert_snapshot!("wrong_noun", shown(&refused));
}

#[tokio::test]
async fn what_is_included_counts_as_well() {
    let app = site().await;
    app.template("part", "ipxe", "{#- partial -#}\necho one\n").await.unwrap();
    app.template("needs", "ipxe", "#!ipxe\n{% include 'part' %}\n").await.unwrap();
    app.template("other", "ipxe", "#!ipxe\necho nobody gets this\n").await.unwrap();
    let nobody = plan(&app, vec![template("other", "#!ipxe\necho nobody gets that\n")]).await;
    assert_eq!((nobody.affected, nobody.machines), (0, 4));
    let all = plan(&app, vec![template("part", "{#- partial -#}\necho two\n")]).await;
    assert_eq!((all.affected, all.groups.len()), (4, 1));
    let refused =
        app.template("part", "ipxe", "{#- partial -#}\necho {{ params.site }}\n").await.unwrap_err();
    assert!(refused.message().contains("node0, node1, node2"), "{}", refused.message());
    let unmatched =
        plan(&app, vec![delete("template", "other"), template("unknown", "#!ipxe\necho who?\n")]).await;
    assert_eq!(unmatched.affected, 0, "every machine boots something");
}
