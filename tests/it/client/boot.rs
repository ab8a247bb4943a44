//! `preview` and `explain`.

use super::run::Client;

#[test]
fn preview_prints_the_document_alone_on_standard_output() {
    let client = Client::new();
    insta::assert_snapshot!(client.ok("preview web-1 --base-url http://10.0.0.1:8080"), @r#"
    exit 0
    --- stdout
    #!ipxe
    echo ipxe http://10.0.0.1:8080
    boot
    --- stderr
    ipxe: rendered, template coreos@2, HTTP status 200
    warning: initrd is not fetched over TLS
    "#);
    insta::assert_snapshot!(client.run("preview broken"), @r#"
    exit 3
    --- stdout
    #!ipxe
    echo incident 1
    --- stderr
    ipxe: failed, template coreos@2, HTTP status 200
    error: coreos.ipxe.j2:3: params.disk is undefined
    hint: `explain` with the same machine or facts shows how this came about
    "#);
    insta::assert_snapshot!(client.run("preview unknown"), @r#"
    exit 3
    --- stderr
    ipxe: no-match, no template, HTTP status 404
    error: the machine does not get a document of its own (no-match)
    hint: `explain` with the same machine or facts shows how this came about
    "#);
    insta::assert_snapshot!(client.ok("preview web-1 -o json --kind user-data"), @r##"
    exit 0
    --- stdout
    {
      "kind": "user-data",
      "outcome": "rendered",
      "status": 200,
      "template": "coreos@2",
      "problem": "",
      "warnings": [
        "initrd is not fetched over TLS"
      ],
      "document": "#!ipxe\necho user-data \nboot\n"
    }
    --- stderr
    user-data: rendered, template coreos@2, HTTP status 200
    warning: initrd is not fetched over TLS
    "##);
    assert_eq!(client.ok("preview web-1 -q").stderr, "");
    assert_eq!(client.run_with("preview web-1 --template-file -", "mine").stdout, "mine");
}

#[test]
fn preview_and_explain_ask_with_the_same_facts() {
    let client = Client::new();
    for command in ["preview", "explain"] {
        client.ok(&format!(
            "{command} web-1 --mac 52-54-00-12-34-56 --uuid u --fact arch=arm64 --fact serial=a=b"
        ));
        let target = client.fake.state.lock().unwrap().target.clone();
        let facts: Vec<_> = target.facts.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(target.machine, "web-1");
        assert_eq!(facts, ["arch=arm64", "mac=52-54-00-12-34-56", "serial=a=b", "uuid=u"]);
        let twice = client.run(&format!("{command} --mac a --fact mac=b"));
        assert_eq!(twice.exit, 2, "{twice}");
    }
}

#[test]
fn explain_is_for_people_and_for_scripts() {
    let client = Client::new();
    insta::assert_snapshot!(client.ok("explain web-1 --mac 52:54:00:12:34:56"));
    let all = client.ok("explain web-1 --all");
    assert!(all.stdout.contains("late-2") && all.stderr.is_empty(), "{all}");
    let json: serde_json::Value =
        serde_json::from_str(&client.ok("explain web-1 -o json --all").stdout).unwrap();
    assert_eq!(json["candidates"].as_array().unwrap().len(), 7);
    assert_eq!(json["params"][0]["value"]["path"], "/dev/sda");
    assert_eq!(client.ok("explain web-1 -o name").stdout, "image/fcos\n");
}
