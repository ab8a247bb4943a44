//! The management API.

use std::collections::BTreeMap;

use pxe_init::proto::first_system as first;
use pxe_init::proto::pxe_init as v1;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::app::TestApp;

const MAC: &str = "52:54:00:12:34:56";

/// The status as text: code, message, fields.
fn told(status: &Status) -> String {
    let fields = status.get_details_bad_request().map(|details| details.field_violations).unwrap_or_default();
    let fields: Vec<_> =
        fields.iter().map(|field| format!("\n  {}: {}", field.field, field.description)).collect();
    format!("{:?}: {}{}", status.code(), status.message(), fields.concat())
}

fn image(name: &str) -> v1::Image {
    v1::Image { name: name.into(), kernel: "vmlinuz".into(), ..Default::default() }
}

fn machine(name: &str, mac: &str) -> v1::Machine {
    v1::Machine { name: name.into(), macs: vec![mac.into()], ..Default::default() }
}

fn rule(name: &str, terms: &[(&str, &str)]) -> v1::Rule {
    let patterns = |pattern: &str| v1::Patterns { patterns: vec![pattern.into()] };
    let terms = terms.iter().map(|(key, pattern)| ((*key).to_owned(), patterns(pattern)));
    v1::Rule { name: name.into(), r#match: terms.collect(), ..Default::default() }
}

#[tokio::test]
async fn register_says_what_it_did() {
    let app = TestApp::start().await;
    let mut images = app.images().await;
    let mut register = async |image: v1::Image, dry_run| {
        let request = v1::RegisterImageRequest { image: Some(image), dry_run, ..Default::default() };
        let response = images.register_image(request).await.unwrap().into_inner();
        let result = response.result.unwrap();
        (result.outcome(), response.image.unwrap().revision, result.changed.join(", "))
    };
    assert_eq!(register(image("a"), true).await, (v1::Outcome::Created, 0, String::new()), "a dry run");
    assert_eq!(register(image("a"), false).await, (v1::Outcome::Created, 1, String::new()));
    assert_eq!(register(image("a"), false).await, (v1::Outcome::Unchanged, 1, String::new()));
    let changed = v1::Image { kernel: "other".into(), args: vec!["quiet".into()], ..image("a") };
    let fields = "args: (none) → [\"quiet\"], kernel: vmlinuz → other".to_owned();
    assert_eq!(register(changed.clone(), true).await, (v1::Outcome::Updated, 1, fields.clone()));
    assert_eq!(register(changed, false).await, (v1::Outcome::Updated, 2, fields));
}

#[tokio::test]
async fn every_field_comes_back() {
    let app = TestApp::start().await;
    app.image("fcos", |image| {
        image.initrds = vec!["a".into(), "http://x/b".into()];
        image.rootfs = "r".into();
        image.args = vec!["quiet".into(), "console=ttyS0,115200".into()];
        image.arch = "x86_64".into();
        image.params = BTreeMap::from([("list".into(), "[1,true,null]".into())]);
        image.templates = BTreeMap::from([("ipxe".into(), "linux".into())]);
    })
    .await;
    app.machine("node1", "52-54-00-12-34-56", |machine| {
        machine.uuid = "4C4C4544004235108052B4C04F4D3532".into();
        machine.serial = "S 1".into();
        machine.hostname = "node1.example.org".into();
        machine.labels =
            BTreeMap::from([("rack".into(), "r1".into()), ("example.org/row".into(), String::new())]);
        machine.params = BTreeMap::from([("site".into(), "\"b1\"".into())]);
        machine.image = "fcos".into();
    })
    .await;
    let request = v1::GetMachineRequest { name: "node1".into() };
    let found = app.machines().await.get_machine(request).await.unwrap().into_inner().machine.unwrap();
    assert_eq!(found.macs, [MAC]);
    assert_eq!(found.uuid, "4c4c4544-0042-3510-8052-b4c04f4d3532");
    assert_eq!(
        (found.serial.as_str(), found.hostname.as_str(), found.image.as_str()),
        ("S 1", "node1.example.org", "fcos")
    );
    assert_eq!((found.labels.len(), found.params["site"].as_str(), found.revision), (2, "\"b1\"", 2));
    let request = v1::GetImageRequest { name: "fcos".into() };
    let found = app.images().await.get_image(request).await.unwrap().into_inner().image.unwrap();
    assert_eq!((found.initrds.len(), found.args.len(), found.arch.as_str()), (2, 2, "x86_64"));
    assert_eq!((found.params["list"].as_str(), found.templates["ipxe"].as_str()), ("[1,true,null]", "linux"));
}

#[tokio::test]
async fn wrong_input_is_told_in_full_and_changes_nothing() {
    let app = TestApp::start().await;
    app.image("fcos", |_| {}).await;
    app.machine("node1", MAC, |machine| machine.serial = "S1".into()).await;
    let (mut images, mut machines, mut rules) = (app.images().await, app.machines().await, app.rules().await);
    let mut all = Vec::new();
    let bad_images = [
        image(""),
        image("a b"),
        v1::Image { kernel: "../etc/passwd".into(), initrds: vec!["a b".into()], ..image("x") },
        v1::Image { kernel: String::new(), initrds: vec!["a".into()], ..image("x") },
        v1::Image { args: vec!["a\nb".into(), " ".into()], ..image("x") },
        v1::Image {
            params: BTreeMap::from([("a".into(), "not json".into()), ("b-c".into(), "1".into())]),
            ..image("x")
        },
        v1::Image { params: BTreeMap::from([("b-c".into(), "1".into())]), ..image("x") },
        v1::Image { templates: BTreeMap::from([("ipx".into(), "linux".into())]), ..image("x") },
        v1::Image { templates: BTreeMap::from([("ipxe".into(), "linus".into())]), ..image("x") },
        v1::Image { templates: BTreeMap::from([("grub".into(), "linux".into())]), ..image("x") },
    ];
    for image in bad_images {
        let request = v1::RegisterImageRequest { image: Some(image), ..Default::default() };
        all.push(told(&images.register_image(request).await.unwrap_err()));
    }
    let bad_machines = [
        v1::Machine { macs: Vec::new(), ..machine("x", "") },
        machine("x", "52:54"),
        machine("x", MAC),
        v1::Machine { macs: vec!["020000000001".into(), "02-00-00-00-00-01".into()], ..machine("x", "") },
        v1::Machine { uuid: "ffffffff-ffff-ffff-ffff-ffffffffffff".into(), ..machine("x", "020000000001") },
        v1::Machine { serial: "s1".into(), ..machine("x", "020000000001") },
        v1::Machine { serial: "To Be Filled By O.E.M.".into(), ..machine("x", "020000000001") },
        v1::Machine { hostname: "a_b".into(), image: "fcoss".into(), ..machine("x", "020000000001") },
        v1::Machine { image: "fcoss".into(), ..machine("x", "020000000001") },
        v1::Machine {
            labels: BTreeMap::from([("a b".into(), "x\ty".into())]),
            ..machine("x", "020000000001")
        },
    ];
    for machine in bad_machines {
        let request = v1::RegisterMachineRequest { machine: Some(machine), ..Default::default() };
        all.push(told(&machines.register_machine(request).await.unwrap_err()));
    }
    let gives = |rule: v1::Rule| v1::Rule { image: "fcos".into(), ..rule };
    let bad_rules = [
        rule("x", &[]),
        gives(rule("x", &[("colour", "red")])),
        gives(rule("x", &[("mac", "52:54")])),
        gives(rule("x", &[("ip", "10.0.0.1/8")])),
        gives(rule("x", &[("uuid", "00000000-0000-0000-0000-000000000000")])),
        gives(rule("x", &[("product", "!")])),
        v1::Rule {
            r#match: BTreeMap::from([("mac".into(), v1::Patterns::default())]),
            ..gives(rule("x", &[]))
        },
    ];
    for rule in bad_rules {
        let request = v1::RegisterRuleRequest { rule: Some(rule), ..Default::default() };
        all.push(told(&rules.register_rule(request).await.unwrap_err()));
    }
    all.push(told(&images.register_image(v1::RegisterImageRequest::default()).await.unwrap_err()));
    all.push(told(&images.get_image(v1::GetImageRequest { name: "fcoss".into() }).await.unwrap_err()));
    all.push(told(&images.get_image(v1::GetImageRequest::default()).await.unwrap_err()));
    for filter in ["colour=red", "name", "name="] {
        let options = Some(v1::ListOptions { filter: filter.into(), ..Default::default() });
        all.push(told(&images.list_images(v1::ListImagesRequest { options }).await.unwrap_err()));
    }
    insta::assert_snapshot!(all.join("\n"));
    let ready: serde_json::Value = serde_json::from_str(&app.get("/ready").await.body).unwrap();
    assert_eq!((&ready["revision"], &ready["machines"], &ready["rules"]), (&2.into(), &1.into(), &0.into()));
}

#[tokio::test]
async fn a_template_that_fails_is_not_saved_and_says_where() {
    let app = TestApp::start().await;
    let mut all = Vec::new();
    for (kind, source) in [
        ("ipxe", "#!ipxe\necho {{ machine.mac \n"),
        ("ipxe", "#!ipxe\necho {{ machin.mac }}\n"),
        ("ipxe", "echo no first line\n"),
        ("ipxe", "#!ipxe\n{% include \"nothing\" %}\n"),
        ("ipxe", "#!ipxe\necho {{ machine.mac|nothing }}\n"),
        ("ignition", "{\"a\": }"),
        ("nothing", "x"),
    ] {
        all.push(told(&app.template("broken", kind, source).await.unwrap_err()));
    }
    all.push(told(&app.template("linux", "text", "x").await.unwrap_err()));
    insta::assert_snapshot!(all.join("\n"));
    let saved = app.template("needs", "ipxe", "#!ipxe\necho {{ params.site }}\n").await.unwrap();
    assert_eq!(saved.result.unwrap().warnings, ["needs params.site, which no sample has"]);
}

#[tokio::test]
async fn a_template_keeps_its_history_and_goes_back() {
    let app = TestApp::start().await;
    for text in ["one", "two", "two", "three"] {
        app.template("motd", "text", text).await.unwrap();
    }
    let mut templates = app.templates().await;
    let get = |number| v1::GetTemplateRequest { name: "motd".into(), number };
    let at = |response: tonic::Response<v1::GetTemplateResponse>| {
        let template = response.into_inner().template.unwrap();
        (template.number, template.source)
    };
    assert_eq!(
        at(templates.get_template(get(0)).await.unwrap()),
        (3, "three".to_owned()),
        "an equal save is none"
    );
    assert_eq!(at(templates.get_template(get(1)).await.unwrap()), (1, "one".to_owned()));
    let missing = templates.get_template(get(9)).await.unwrap_err();
    assert_eq!(told(&missing), "NotFound: template motd has no revision 9; its head is 3");
    let back = v1::RollbackTemplateRequest { name: "motd".into(), ..Default::default() };
    let response = templates.rollback_template(back.clone()).await.unwrap().into_inner();
    assert_eq!(response.template.unwrap().source, "two");
    let request = v1::ListTemplateRevisionsRequest { name: "motd".into(), ..Default::default() };
    let history = templates.list_template_revisions(request).await.unwrap().into_inner().revisions;
    let history: Vec<_> = history.iter().map(|r| (r.number, r.message.as_str(), r.author.as_str())).collect();
    let message = "roll back to revision 2";
    assert_eq!(
        history,
        [(4, message, "anonymous"), (3, "", "anonymous"), (2, "", "anonymous"), (1, "", "anonymous")]
    );
    let built_in = v1::RollbackTemplateRequest { name: "linux".into(), ..back };
    let refused = templates.rollback_template(built_in).await.unwrap_err();
    assert_eq!(told(&refused), "FailedPrecondition: template linux is built in; it has no history");
}

#[tokio::test]
async fn a_built_in_is_overridden_and_comes_back() {
    let app = TestApp::start().await;
    let mut templates = app.templates().await;
    let origin = async |app: &TestApp| {
        let request = v1::GetTemplateRequest { name: "unknown".into(), number: 0 };
        app.templates().await.get_template(request).await.unwrap().into_inner().template.unwrap().origin
    };
    let delete = v1::DeleteTemplateRequest { name: "unknown".into(), ..Default::default() };
    let refused = templates.delete_template(delete.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused:?}");
    assert_eq!(origin(&app).await, "built-in");
    app.template("unknown", "ipxe", "#!ipxe\necho ours\n").await.unwrap();
    assert_eq!(origin(&app).await, "override");
    assert_eq!(app.get(&format!("/ipxe?mac={MAC}")).await.body, "#!ipxe\necho ours\n");
    templates.delete_template(delete).await.unwrap();
    assert_eq!(origin(&app).await, "built-in");
}

#[tokio::test]
async fn a_lost_race_is_told_and_overwrites_nothing() {
    let app = TestApp::start().await;
    app.image("a", |_| {}).await;
    app.image("a", |image| image.kernel = "second".into()).await;
    let mut images = app.images().await;
    let update = |base_revision| v1::UpdateImageRequest {
        image: Some(image("a")),
        base_revision,
        ..Default::default()
    };
    let lost = images.update_image(update(1)).await.unwrap_err();
    assert_eq!(
        told(&lost),
        "Aborted: image a was changed meanwhile: you had revision 1, and it is at revision 2 now; read it again and repeat your change"
    );
    assert_eq!(images.update_image(update(0)).await.unwrap_err().code(), Code::InvalidArgument);
    images.update_image(update(2)).await.unwrap();
    let gone = v1::UpdateImageRequest { image: Some(image("b")), base_revision: 2, ..Default::default() };
    assert_eq!(told(&images.update_image(gone).await.unwrap_err()), "NotFound: there is no image b");
}

#[tokio::test]
async fn what_is_used_can_not_be_deleted() {
    let app = TestApp::start().await;
    app.template("mine", "ipxe", "#!ipxe\n").await.unwrap();
    app.image("fcos", |image| {
        image.templates.insert("ipxe".into(), "mine".into());
    })
    .await;
    for i in 0..7 {
        app.machine(&format!("node{i}"), &format!("02000000000{i}"), |machine| machine.image = "fcos".into())
            .await;
    }
    let image = v1::DeleteImageRequest { name: "fcos".into(), ..Default::default() };
    let refused = app.images().await.delete_image(image.clone()).await.unwrap_err();
    assert_eq!(
        told(&refused),
        "FailedPrecondition: image fcos can not be deleted\n  name: image fcos is used by machine node0, machine node1, machine node2, machine node3, machine node4 and 2 more; change those first"
    );
    let template = v1::DeleteTemplateRequest { name: "mine".into(), ..Default::default() };
    let refused = app.templates().await.delete_template(template).await.unwrap_err();
    assert_eq!(
        told(&refused),
        "FailedPrecondition: template mine can not be deleted\n  name: template mine is used by image fcos; change those first"
    );
    let mut machines = app.machines().await;
    for i in 0..7 {
        let request = v1::DeleteMachineRequest { name: format!("node{i}"), ..Default::default() };
        let response = machines.delete_machine(request).await.unwrap().into_inner();
        assert_eq!(response.result.unwrap().outcome(), v1::Outcome::Deleted);
    }
    app.images().await.delete_image(image).await.unwrap();
}

#[tokio::test]
async fn lists_come_in_pages_and_are_filtered() {
    let app = TestApp::start().await;
    for i in 0..25 {
        app.machine(&format!("node{i:02}"), &format!("0200000000{i:02}"), |machine| {
            machine.labels.insert("rack".into(), format!("r{}", i % 2));
        })
        .await;
    }
    let mut machines = app.machines().await;
    let mut names = Vec::new();
    let mut token = String::new();
    loop {
        let options =
            v1::ListOptions { page_size: 10, page_token: token, filter: "label.rack=R1 name!=node03".into() };
        let page = machines
            .list_machines(v1::ListMachinesRequest { options: Some(options) })
            .await
            .unwrap()
            .into_inner();
        if names.is_empty() {
            assert_eq!(page.total, 11);
        }
        names.extend(page.machines.into_iter().map(|machine| machine.name));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(names.len(), 11);
    assert_eq!((names[0].as_str(), names[1].as_str(), names[10].as_str()), ("node01", "node05", "node23"));
}

#[tokio::test]
async fn rules_come_in_the_order_in_which_they_are_tried() {
    let app = TestApp::start().await;
    app.image("fcos", |_| {}).await;
    let mut rules = app.rules().await;
    for (name, priority, terms) in [
        ("zero", 0, vec![]),
        ("glob", 0, vec![("mac", "52:*")]),
        ("exact", 0, vec![("mac", MAC)]),
        ("urgent", 5, vec![]),
    ] {
        let rule = v1::Rule { priority, image: "fcos".into(), ..rule(name, &terms) };
        let request = v1::RegisterRuleRequest { rule: Some(rule), ..Default::default() };
        rules.register_rule(request).await.unwrap();
    }
    let page = rules.list_rules(v1::ListRulesRequest::default()).await.unwrap().into_inner();
    let names: Vec<_> = page.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["urgent", "exact", "glob", "zero"]);
    let target = v1::Target { machine: String::new(), facts: BTreeMap::from([("mac".into(), MAC.into())]) };
    let request = v1::ExplainRequest { target: Some(target), ..Default::default() };
    let explained = app.boots().await.explain(request).await.unwrap().into_inner();
    let winner = explained.candidates.iter().find(|candidate| candidate.won).unwrap();
    assert_eq!((winner.name.as_str(), explained.image.as_str()), ("urgent", "fcos"));
    assert_eq!(explained.candidates.len(), 5);
}

#[tokio::test]
async fn preview_is_what_the_machine_gets() {
    let app = TestApp::start().await;
    app.image("fcos", |_| {}).await;
    app.machine("node1", MAC, |machine| machine.image = "fcos".into()).await;
    let mut boots = app.boots().await;
    let target = Some(v1::Target { machine: "node1".into(), ..Default::default() });
    let base_url = format!("http://{}", app.http);
    let request = v1::PreviewRequest { target: target.clone(), base_url, ..Default::default() };
    let preview = boots.preview(request.clone()).await.unwrap().into_inner();
    assert_eq!(
        (preview.outcome.as_str(), preview.status, preview.template.as_str()),
        ("rendered", 200, "linux@built-in")
    );
    assert_eq!(preview.document, app.get(&format!("/ipxe?mac={MAC}")).await.body);

    let unsaved =
        v1::PreviewRequest { source: Some("#!ipxe\necho {{ params.x }}\n".into()), ..request.clone() };
    let preview = boots.preview(unsaved).await.unwrap().into_inner();
    assert_eq!((preview.outcome.as_str(), preview.status), ("failed", 200));
    assert!(preview.problem.contains("params.x is undefined"), "{}", preview.problem);

    let facts = BTreeMap::from([("mac".into(), "02:00:00:00:00:09".into())]);
    let unknown =
        v1::PreviewRequest { target: Some(v1::Target { facts, ..Default::default() }), ..request.clone() };
    assert_eq!(boots.preview(unknown).await.unwrap().into_inner().outcome, "held");

    let facts = BTreeMap::from([("colour".into(), "red".into())]);
    let wrong =
        v1::PreviewRequest { target: Some(v1::Target { facts, ..Default::default() }), ..request.clone() };
    assert_eq!(boots.preview(wrong).await.unwrap_err().code(), Code::InvalidArgument);
    let wrong = v1::PreviewRequest { kind: "nothing".into(), ..request.clone() };
    assert_eq!(boots.preview(wrong).await.unwrap_err().code(), Code::InvalidArgument);
    let target = Some(v1::Target { machine: "node2".into(), ..Default::default() });
    let refused = boots.preview(v1::PreviewRequest { target, ..request }).await.unwrap_err();
    assert_eq!(told(&refused), "NotFound: there is no machine node2; did you mean node1?");
}

#[tokio::test]
async fn the_first_systems_client_works_unchanged() {
    let app = TestApp::with(&[("assets.forward_server", "files:8000")]).await;
    let mut client = first::pxe_init_client::PxeInitClient::new(app.channel().await);
    app.image("fcos", |image| {
        image.initrds = vec!["assets/i".into(), "second".into()];
        image.rootfs = "http://elsewhere/r".into();
    })
    .await;
    app.image("disk", |image| image.kernel = String::new()).await;
    let images = client.list_images(first::ListImagesRequest {}).await.unwrap().into_inner().images;
    let fcos = first::Image {
        name: "fcos".into(),
        kernel: "http://files:8000/vmlinuz".into(),
        initrd: "http://files:8000/assets/i".into(),
        rootfs: "http://elsewhere/r".into(),
    };
    assert_eq!(images, [fcos]);
    let bind = |mac: &str, image: &str| first::RegisterImageMachineRequest {
        machine: Some(first::Machine { mac: mac.into(), image: image.into() }),
    };
    client.register_image_machine(bind("52-54-00-12-34-56", "fcos")).await.unwrap();
    client.register_image_machine(bind(MAC, "disk")).await.unwrap();
    client.register_image_machine(bind(MAC, "fcos")).await.unwrap();
    let machines =
        app.machines().await.list_machines(v1::ListMachinesRequest::default()).await.unwrap().into_inner();
    assert_eq!(machines.machines.len(), 1);
    assert_eq!(machines.machines[0].name, "52-54-00-12-34-56");
    assert_eq!(machines.machines[0].image, "fcos");
    let code = async |client: &mut first::pxe_init_client::PxeInitClient<_>, request| {
        client.register_image_machine(request).await.unwrap_err().code()
    };
    assert_eq!(code(&mut client, bind(MAC, "nothing")).await, Code::NotFound);
    assert_eq!(code(&mut client, bind("52:54", "fcos")).await, Code::InvalidArgument);
    assert_eq!(code(&mut client, first::RegisterImageMachineRequest::default()).await, Code::InvalidArgument);
}

#[tokio::test]
async fn many_writers_at_once_lose_nothing() {
    let app = TestApp::start().await;
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let mut machines = app.machines().await;
        tasks.spawn(async move {
            for i in 0..10 {
                let machine = machine(&format!("m{writer}-{i}"), &format!("02:00:00:00:{writer:02}:{i:02}"));
                let request = v1::RegisterMachineRequest { machine: Some(machine), ..Default::default() };
                let written = machines.register_machine(request).await.unwrap().into_inner().result.unwrap();
                let get = v1::GetMachineRequest { name: format!("m{writer}-{i}") };
                let found = machines.get_machine(get).await.unwrap().into_inner().machine.unwrap();
                assert_eq!(found.revision, written.revision, "a write is visible when it is answered");
            }
        });
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap();
    }
    let ready: serde_json::Value = serde_json::from_str(&app.get("/ready").await.body).unwrap();
    assert_eq!((&ready["machines"], &ready["revision"]), (&80.into(), &80.into()));
}

#[tokio::test]
async fn two_replicas_follow_each_other() {
    let one = TestApp::start().await;
    let url = format!("sqlite://{}?mode=rwc", one.dir.path().join("test.db").display());
    let config = crate::app::config(&url, &[]);
    let server = pxe_init::server::Server::start(&config).await.unwrap();
    let http = server.http_address().unwrap();
    let stop = pxe_init::server::Stop::default();
    let serving = tokio::spawn(server.serve(stop.clone()));
    one.image("fcos", |_| {}).await;
    let mut revision = 0;
    for _ in 0..100 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let reply = one.request_at(http, "/ready").await;
        revision = serde_json::from_str::<serde_json::Value>(&reply.body)
            .map_or(0, |r| r["revision"].as_u64().unwrap_or(0));
        if revision == 1 {
            break;
        }
    }
    assert_eq!(revision, 1, "the other replica sees it within its poll");
    stop.begin();
    serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn health_and_reflection() {
    let app = TestApp::start().await;
    let mut health = tonic_health::pb::health_client::HealthClient::new(app.channel().await);
    let status =
        health.check(tonic_health::pb::HealthCheckRequest::default()).await.unwrap().into_inner().status();
    assert_eq!(status, tonic_health::pb::health_check_response::ServingStatus::Serving);
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    let mut reflection = ServerReflectionClient::new(app.channel().await);
    let request = tonic_reflection::pb::v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers =
        reflection.server_reflection_info(tokio_stream::iter([request])).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(services) = answer else { panic!("{answer:?}") };
    let names: Vec<_> = services.service.iter().map(|service| service.name.as_str()).collect();
    for name in ["v1.PxeInit", "pxe_init.v1.ImageService", "pxe_init.v1.BootService", "grpc.health.v1.Health"]
    {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[tokio::test]
async fn what_is_left_out_is_called_missing() {
    let app = TestApp::start().await;
    let (mut images, mut machines, mut rules, mut templates) =
        (app.images().await, app.machines().await, app.rules().await, app.templates().await);
    let missing = "InvalidArgument: the request is not valid\n  name: is missing";
    assert_eq!(told(&images.get_image(v1::GetImageRequest::default()).await.unwrap_err()), missing);
    assert_eq!(told(&machines.get_machine(v1::GetMachineRequest::default()).await.unwrap_err()), missing);
    assert_eq!(told(&rules.get_rule(v1::GetRuleRequest::default()).await.unwrap_err()), missing);
    assert_eq!(told(&templates.get_template(v1::GetTemplateRequest::default()).await.unwrap_err()), missing);
    assert_eq!(told(&images.delete_image(v1::DeleteImageRequest::default()).await.unwrap_err()), missing);
    let back = templates.rollback_template(v1::RollbackTemplateRequest::default()).await;
    assert_eq!(told(&back.unwrap_err()), missing);
    let history = templates.list_template_revisions(v1::ListTemplateRevisionsRequest::default()).await;
    assert_eq!(told(&history.unwrap_err()), missing);
    assert_eq!(told(&app.template("", "text", "x").await.unwrap_err()), missing);
    let kind = "InvalidArgument: the request is not valid\n  kind: is missing";
    assert_eq!(told(&app.template("x", "", "x").await.unwrap_err()), kind);
}

#[tokio::test]
async fn explain_tells_what_matches_from_what_won() {
    let app = TestApp::start().await;
    app.image("fcos", |_| {}).await;
    for (name, priority, terms) in [
        ("other", 9, vec![("mac", "02:*")]),
        ("first", 5, vec![]),
        ("late", 1, vec![]),
        ("arm", 0, vec![("arch", "arm64")]),
    ] {
        let rule = v1::Rule { priority, image: "fcos".into(), ..rule(name, &terms) };
        let request = v1::RegisterRuleRequest { rule: Some(rule), ..Default::default() };
        app.rules().await.register_rule(request).await.unwrap();
    }
    let target = v1::Target { facts: BTreeMap::from([("mac".into(), MAC.into())]), ..Default::default() };
    let request = v1::ExplainRequest { target: Some(target), ..Default::default() };
    let explained = app.boots().await.explain(request).await.unwrap().into_inner();
    let candidates: Vec<_> =
        explained.candidates.iter().map(|c| (c.name.as_str(), c.matches, c.won)).collect();
    assert_eq!(
        candidates,
        [
            ("", false, false),
            ("other", false, false),
            ("first", true, true),
            ("late", true, false),
            ("arm", false, false)
        ]
    );
}

/// Whatever comes, the answer is a status that says whose fault it is, and the server goes on.
#[tokio::test]
async fn hostile_requests_are_refused_and_change_nothing() {
    let app = TestApp::start().await;
    app.image("fcos", |_| {}).await;
    let before: serde_json::Value = serde_json::from_str(&app.get("/ready").await.body).unwrap();
    let big = "x".repeat(3 << 20);
    let param = |text: &str| BTreeMap::from([("a".to_owned(), text.to_owned())]);
    let mut refused: Vec<Status> = Vec::new();
    let mut machines = app.machines().await;
    for machine in [
        v1::Machine { params: param(&("[".repeat(100_000) + &"]".repeat(100_000))), ..machine("m", MAC) },
        v1::Machine { params: param(&"{\"a\":".repeat(100_000)), ..machine("m", MAC) },
        v1::Machine { labels: param("a\0b"), ..machine("m", MAC) },
        v1::Machine { labels: param(&big), ..machine("m", MAC) },
        v1::Machine { labels: BTreeMap::from([("a\0".into(), "b".into())]), ..machine("m", MAC) },
        v1::Machine { serial: "a\0b".into(), ..machine("m", MAC) },
        v1::Machine { hostname: big.clone(), ..machine("m", MAC) },
        machine("a\0b", MAC),
        machine(&big, MAC),
        machine("m", &big),
    ] {
        let request = v1::RegisterMachineRequest { machine: Some(machine), ..Default::default() };
        refused.push(machines.register_machine(request).await.unwrap_err());
    }
    let mut rules = app.rules().await;
    let patterns =
        |patterns: Vec<String>| BTreeMap::from([("product".to_owned(), v1::Patterns { patterns })]);
    for r#match in [
        patterns(vec!["a\0".into()]),
        patterns(vec![big.clone()]),
        patterns(vec![String::new()]),
        BTreeMap::from([(big.clone(), v1::Patterns { patterns: vec!["a".into()] })]),
    ] {
        let rule = v1::Rule { image: "fcos".into(), r#match, ..rule("r", &[]) };
        let request = v1::RegisterRuleRequest { rule: Some(rule), ..Default::default() };
        refused.push(rules.register_rule(request).await.unwrap_err());
    }
    for source in [&format!("a{{% if 1 %}}{}", "{% if 1 %}".repeat(10_000)), "a\0b", &big] {
        refused.push(app.template("t", "text", source).await.unwrap_err());
    }
    let request = |message: &str| {
        let template =
            v1::Template { name: "t".into(), kind: "text".into(), source: "x".into(), ..Default::default() };
        v1::RegisterTemplateRequest {
            template: Some(template),
            message: message.into(),
            ..Default::default()
        }
    };
    for message in ["a\0b", &big] {
        refused.push(app.templates().await.register_template(request(message)).await.unwrap_err());
    }
    let options = |page_token: &str, filter: &str| {
        Some(v1::ListOptions { page_size: u32::MAX, page_token: page_token.into(), filter: filter.into() })
    };
    for filter in ["name=a\0", "name=", "=", "!=", "nothing=x", &format!("name={big}")] {
        let request = v1::ListMachinesRequest { options: options("", filter) };
        refused.push(machines.list_machines(request).await.unwrap_err());
    }
    for token in ["nothing", "-1", "99999999999999999999", "\0"] {
        let request = v1::ListTemplateRevisionsRequest { name: "linux".into(), options: options(token, "") };
        refused.push(app.templates().await.list_template_revisions(request).await.unwrap_err());
        let request = v1::ListRulesRequest { options: options(token, "") };
        refused.push(rules.list_rules(request).await.unwrap_err());
        // Whatever stands in the token, a list by name goes on behind it.
        machines.list_machines(v1::ListMachinesRequest { options: options(token, "") }).await.unwrap();
    }
    for status in &refused {
        assert!(matches!(status.code(), Code::InvalidArgument), "{}", told(status));
        assert!(status.message().len() < 1000, "{} bytes of message", status.message().len());
    }
    let too_large =
        v1::Machine { params: param(&format!("\"{}\"", "x".repeat(5 << 20))), ..machine("m", MAC) };
    let request = v1::RegisterMachineRequest { machine: Some(too_large), ..Default::default() };
    assert_eq!(machines.register_machine(request).await.unwrap_err().code(), Code::OutOfRange);
    let after: serde_json::Value = serde_json::from_str(&app.get("/ready").await.body).unwrap();
    assert_eq!(before["revision"], after["revision"]);
}

/// Globs that make naive matchers take for ever.
#[tokio::test]
async fn a_thousand_greedy_globs_do_not_delay_a_machine() {
    let app = TestApp::start().await;
    app.image("fcos", |_| {}).await;
    let patterns: Vec<String> = (0..1000).map(|i| format!("{}{i}", "*a".repeat(120))).collect();
    let patterns = BTreeMap::from([("product".to_owned(), v1::Patterns { patterns })]);
    let rule = v1::Rule { image: "fcos".into(), r#match: patterns, ..rule("greedy", &[]) };
    let request = v1::RegisterRuleRequest { rule: Some(rule), ..Default::default() };
    app.rules().await.register_rule(request).await.unwrap();
    let begun = std::time::Instant::now();
    let reply = app.get(&format!("/ipxe?mac={MAC}&product={}b", "a".repeat(250))).await;
    assert_eq!(reply.header("x-pxe-init-outcome"), Some("held"));
    assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{:?}", begun.elapsed());
}
