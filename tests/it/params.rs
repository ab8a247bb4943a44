//! Declared params through the management API and the command line, and on the way to a machine.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use pxe_init::domain::{Actor, Change, Rule, Timestamp};
use pxe_init::proto::pxe_init as v1;
use pxe_init::store::{Options, Store};
use tonic::Status;
use tonic_types::StatusExt;

use crate::app::TestApp;

const MAC: &str = "52:54:00:12:34:56";

const TIMER: &str = "{#- params
seconds: { type: integer, default: 3, help: how long to wait }
token: { type: string, required: true, secret: true, help: what the server wants to hear }
-#}
#!ipxe
sleep {{ params.seconds }}
echo {{ params.token }} {{ machine.hostname|default('none') }}
";

fn told(status: &Status) -> String {
    let fields = status.get_details_bad_request().map(|details| details.field_violations).unwrap_or_default();
    let fields: Vec<_> =
        fields.iter().map(|field| format!("\n  {}: {}", field.field, field.description)).collect();
    format!("{:?}: {}{}", status.code(), status.message(), fields.concat())
}

fn params(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

async fn register_rule(app: &TestApp, rule: v1::Rule) -> Result<Vec<String>, String> {
    let request = v1::RegisterRuleRequest { rule: Some(rule), ..Default::default() };
    let answer = app.rules().await.register_rule(request).await.map_err(|status| told(&status))?;
    Ok(answer.into_inner().result.unwrap().warnings)
}

async fn save(app: &TestApp, name: &str, source: &str) -> Result<Vec<String>, String> {
    let answer = app.template(name, "ipxe", source).await.map_err(|status| told(&status))?;
    Ok(answer.result.unwrap().warnings)
}

fn rule(name: &str, image: &str, given: &[(&str, &str)]) -> v1::Rule {
    v1::Rule { name: name.into(), image: image.into(), params: params(given), ..Default::default() }
}

/// A template, an image of it that gives the token, and a machine.
async fn room() -> TestApp {
    let app = TestApp::start().await;
    save(&app, "timer", TIMER).await.unwrap();
    app.image("timed", |image| {
        image.templates = params(&[("ipxe", "timer")]);
        image.params = params(&[("token", "\"s3cret\"")]);
    })
    .await;
    app.machine("node1", MAC, |machine| machine.image = "timed".into()).await;
    app
}

#[tokio::test(flavor = "multi_thread")]
async fn defaults_reach_the_machine_and_images_declare_their_own() {
    let app = room().await;
    let script = async || app.get("/ipxe?mac=52-54-00-12-34-56").await.body;
    assert_eq!(script().await, "#!ipxe\nsleep 3\necho s3cret none\n");
    let five = v1::ParamSpec {
        r#type: "integer".into(),
        default: "5".into(),
        help: "longer".into(),
        choices: vec!["5".into(), "6".into()],
        ..Default::default()
    };
    let declare = |image: &mut v1::Image| {
        image.templates = params(&[("ipxe", "timer")]);
        image.params = params(&[("token", "\"s3cret\"")]);
        image.declares = BTreeMap::from([("seconds".to_owned(), five.clone())]);
    };
    app.image("timed", declare).await;
    assert_eq!(script().await, "#!ipxe\nsleep 5\necho s3cret none\n");
    let request = v1::GetImageRequest { name: "timed".into() };
    let found = app.images().await.get_image(request).await.unwrap().into_inner().image.unwrap();
    assert_eq!(found.declares, BTreeMap::from([("seconds".to_owned(), five)]), "it comes back as it was");
    // What the explanation says of it.
    let target = Some(v1::Target { machine: "node1".into(), ..Default::default() });
    let explain = v1::ExplainRequest { target, ..Default::default() };
    let explained = app.boots().await.explain(explain).await.unwrap().into_inner();
    let origins: Vec<String> = explained
        .params
        .iter()
        .map(|of| format!("{}={} {} [{}]", of.key, of.value, of.layer, of.declared_by))
        .collect();
    assert_eq!(
        origins,
        [
            "seconds=5 default [image timed]",
            "ssh_keys=[] default [template default.user-data]",
            "token=\"__secret__\" image []",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn declarations_and_values_of_an_image_are_checked() {
    let app = room().await;
    let mut images = app.images().await;
    let mut refused = async |change: &dyn Fn(&mut v1::Image)| {
        let mut image = v1::Image { name: "x".into(), kernel: "k".into(), ..Default::default() };
        change(&mut image);
        let request = v1::RegisterImageRequest { image: Some(image), ..Default::default() };
        images.register_image(request).await.map_or_else(|status| told(&status), |_| "saved".to_owned())
    };
    let spec = |ty: &str, default: &str| v1::ParamSpec {
        r#type: ty.into(),
        default: default.into(),
        ..Default::default()
    };
    let declares = |spec: v1::ParamSpec| BTreeMap::from([("seconds".to_owned(), spec)]);
    let mut all = Vec::new();
    for one in [spec("int", ""), spec("integer", "soon"), spec("integer", "\"soon\"")] {
        all.push(refused(&|image| image.declares = declares(one.clone())).await);
    }
    // Against its own params, and against what its template declares.
    all.push(
        refused(&|image| {
            image.declares = declares(spec("integer", ""));
            image.params = params(&[("seconds", "\"soon\"")]);
        })
        .await,
    );
    all.push(
        refused(&|image| {
            image.declares = declares(spec("string", ""));
            image.templates = params(&[("ipxe", "timer")]);
        })
        .await,
    );
    all.push(
        refused(&|image| {
            image.templates = params(&[("ipxe", "timer")]);
            image.params = params(&[("seconds", "1.5"), ("token", "5113")]);
        })
        .await,
    );
    insta::assert_snapshot!(all.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_held_against_the_templates_that_it_leads_to() {
    let app = room().await;
    let told = register_rule(&app, rule("rack-1", "timed", &[("seconds", "\"soon\"")])).await;
    insta::assert_snapshot!(told.unwrap_err());
    assert_eq!(register_rule(&app, rule("rack-1", "timed", &[("seconds", "7")])).await, Ok(Vec::new()));
    // One that nothing reads, and that looks like another.
    let told = register_rule(&app, rule("rack-1", "timed", &[("secnods", "7")])).await.unwrap();
    insta::assert_snapshot!(told.join("\n"));
    // A required one that nobody gives to a machine that is not registered; where labels are asked for, all are.
    app.image("bare", |image| image.templates = params(&[("ipxe", "timer")])).await;
    let told = register_rule(&app, rule("rack-1", "bare", &[])).await.unwrap();
    insta::assert_snapshot!(told.join("\n"));
    let mut labelled = rule("rack-1", "bare", &[]);
    labelled.r#match.insert("label.rack".into(), v1::Patterns { patterns: vec!["r1".into()] });
    assert_eq!(register_rule(&app, labelled).await, Ok(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_held_against_what_leads_to_it() {
    let app = room().await;
    register_rule(&app, rule("rack-1", "timed", &[("seconds", "7"), ("colour", "\"red\"")])).await.unwrap();
    app.machine("node2", "52:54:00:00:00:02", |machine| {
        machine.image = "timed".into();
        machine.params = params(&[("seconds", "8")]);
    })
    .await;
    // Its params become text: two values are at odds with that, and both are told.
    let text = TIMER.replace("type: integer, default: 3", "type: string, default: '3'");
    let refused = save(&app, "timer", &text).await.unwrap_err();
    insta::assert_snapshot!(refused);
    // The same through a template that is included.
    let part = "{#- partial -#}\n{#- params\nseconds: integer\n-#}\nsleep {{ params.seconds|default(1) }}\n";
    save(&app, "part", part).await.unwrap();
    save(&app, "timer", "#!ipxe\n{% include 'part' %}{{ params.token }}").await.unwrap();
    let refused = save(&app, "part", &part.replace("integer", "boolean")).await.unwrap_err();
    insta::assert_snapshot!(refused);
    // A declaration of another type in the one that includes it.
    let refused = save(&app, "timer", "{#- params\nseconds: list\n-#}\n#!ipxe\n{% include 'part' %}").await;
    insta::assert_snapshot!(refused.unwrap_err());
    // What it reads no more is told of all that give it.
    let told = save(&app, "timer", "#!ipxe\necho {{ params.token }}").await.unwrap();
    insta::assert_snapshot!(told.join("\n"));
}

/// What an image gives may be read by a template that only one of its machines has.
#[tokio::test(flavor = "multi_thread")]
async fn a_param_that_a_machine_s_own_template_reads_is_not_unused() {
    let app = room().await;
    let mut image = v1::Image { name: "timed".into(), kernel: "k".into(), ..Default::default() };
    image.templates = params(&[("ipxe", "timer")]);
    image.params = params(&[("token", "\"s3cret\""), ("motd", "\"hello\"")]);
    let request = v1::RegisterImageRequest { image: Some(image.clone()), ..Default::default() };
    let answer = app.images().await.register_image(request).await.unwrap().into_inner();
    let told = answer.result.unwrap().warnings;
    let unused = "params.motd of image timed is read by no template that it leads to";
    assert!(told.contains(&unused.to_owned()), "{told:?}");
    app.template("greeting", "text", "{{ params.motd }}\n").await.unwrap();
    app.machine("node1", MAC, |machine| {
        machine.image = "timed".into();
        machine.templates = params(&[("text", "greeting")]);
    })
    .await;
    image.arch = "x86_64".into();
    let request = v1::RegisterImageRequest { image: Some(image), ..Default::default() };
    let answer = app.images().await.register_image(request).await.unwrap().into_inner();
    let told = answer.result.unwrap().warnings;
    assert!(!told.iter().any(|warning| warning.contains("motd")), "{told:?}");
}

/// Without its override the built-in template declares its params again.
#[tokio::test(flavor = "multi_thread")]
async fn a_built_in_template_that_comes_back_is_held_against_what_leads_to_it() {
    let app = TestApp::start().await;
    save(&app, "retry", "{#- partial -#}\n:failed\nsleep {{ params.retry_seconds }}\n").await.unwrap();
    app.image("timed", |_| {}).await;
    register_rule(&app, rule("rack-1", "timed", &[("retry_seconds", "\"1m\"")])).await.unwrap();
    let request = v1::DeleteTemplateRequest { name: "retry".into(), ..Default::default() };
    let refused = app.templates().await.delete_template(request.clone()).await.unwrap_err();
    assert_eq!(
        told(&refused),
        "FailedPrecondition: template retry is not deleted: params are not what they are declared to be\n  \
         rule/rack-1: params.retry_seconds: is \"1m\", which is text; it must be an integer (template retry declares it)"
    );
    register_rule(&app, rule("rack-1", "timed", &[("retry_seconds", "60")])).await.unwrap();
    app.templates().await.delete_template(request).await.unwrap();
}

/// A mistake that is there already, from before params had types, must not stand in the way of mending a template.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_wrong_before_is_a_warning() {
    let app = room().await;
    let url = format!("sqlite://{}", app.dir.path().join("test.db").display());
    let store = Store::connect(&Options::new(&url)).await.unwrap();
    let mut old = Rule::new("rack-1".parse().unwrap());
    old.image = Some("timed".parse().unwrap());
    old.params = serde_json::from_value(serde_json::json!({ "seconds": "soon" })).unwrap();
    let actor = Actor { name: "ada".to_owned(), origin: "test".to_owned() };
    let mut write = store.begin(&actor, Timestamp(0)).await.unwrap();
    write.put(&Change::Rule(old), "").await.unwrap();
    write.commit().await.unwrap();
    let told = save(&app, "timer", &format!("{TIMER}# mended\n")).await.unwrap();
    let known = "rule rack-1: params.seconds is \"soon\", which is text; it must be an integer (template timer declares it)";
    assert!(told.contains(&known.to_owned()), "{told:?}");
    // What makes it worse is refused.
    let other = TIMER.replace("type: integer, default: 3", "type: boolean");
    assert!(save(&app, "timer", &other).await.unwrap_err().starts_with("FailedPrecondition"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_variables_of_a_template_are_listed_with_who_gives_them() {
    let app = room().await;
    for i in 1..8 {
        register_rule(&app, rule(&format!("rack-{i}"), "timed", &[("seconds", "7")])).await.unwrap();
    }
    insta::assert_snapshot!(cli(&app, "template vars timer", ""));
    insta::assert_snapshot!(cli(&app, "template vars retry -o wide", ""));
    insta::assert_snapshot!(cli(&app, "template vars kickstart.ks -o wide", ""));
    let unsaved = "#!ipxe\n{% include 'retry' %}{{ params[facts.mac] }}{% include params.more %}";
    insta::assert_snapshot!(cli(&app, "template vars --template-file - --kind ipxe", unsaved));
    insta::assert_snapshot!(cli(&app, "template vars timer -o yaml", ""));
    assert_eq!(
        cli(&app, "template vars timer -o name", ""),
        "exit 0\nmachine.hostname\nparams.seconds\nparams.token\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_what_is_asked_are_told() {
    let app = room().await;
    let steps = [
        ("template vars timr", ""),
        ("template vars --template-file - --kind ipxe", "{#- params\nx: { typ: list }\n-#}\n#!ipxe\n"),
        ("template vars --template-file - --kind ipxe", "#!ipxe\n{% if %}"),
        ("template vars", ""),
        ("template vars --template-file -", ""),
        ("image register y --declare disk=disc", ""),
        ("image register y --declare 'disk={type: string, choices: [1]}'", ""),
    ];
    let mut text = String::new();
    for (args, stdin) in steps {
        text += &format!("$ {args}\n{}\n", cli(&app, args, stdin));
    }
    insta::assert_snapshot!(text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_declares_from_the_command_line() {
    let app = room().await;
    let steps = [
        "image register y --kernel k --declare n=integer --declare 'disk={type: string, default: sda, help: where to}'",
        "image get y -o yaml",
        "image list --filter name=y -o wide",
        "image register y --kernel k --declare n=integer --param n=soon",
        "image register y --kernel k",
    ];
    let text: Vec<_> = steps.iter().map(|args| format!("$ {args}\n{}", cli(&app, args, ""))).collect();
    insta::assert_snapshot!(text.join("\n"));
}

/// What the client prints, standard error after standard output.
fn cli(app: &TestApp, args: &str, stdin: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pxe-init-client"));
    command.env_clear().env("USER", "ada").env("PXE_INIT_ENDPOINT", format!("grpc://{}", app.grpc));
    command.args(shell_words::split(args).unwrap());
    let path = app.dir.path().join("stdin");
    std::fs::write(&path, stdin).unwrap();
    let output = tokio::task::block_in_place(|| {
        command.stdin(Stdio::from(std::fs::File::open(&path).unwrap())).output().unwrap()
    });
    let mut text = format!("exit {}\n", output.status.code().unwrap());
    text += std::str::from_utf8(&output.stdout).unwrap();
    if !output.stderr.is_empty() {
        text += &format!("--- stderr\n{}", std::str::from_utf8(&output.stderr).unwrap());
    }
    text
}
