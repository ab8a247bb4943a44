//! `preview` and `explain`.

use super::run::Client;

#[test]
fn preview_prints_the_document_alone_on_standard_output() {
    let client = Client::new();
    insta::assert_snapshot!(client.ok("preview web-1 --base-url http://10.0.0.1:8080"), @"");
    insta::assert_snapshot!(client.run("preview broken"), @"");
    insta::assert_snapshot!(client.run("preview unknown"), @"");
    insta::assert_snapshot!(client.ok("preview web-1 -o json --kind user-data"), @"");
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
