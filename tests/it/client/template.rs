//! Templates and their saves.

use super::run::Client;

fn saved(client: &Client, sources: &[&str]) {
    for (i, source) in sources.iter().enumerate() {
        let run = client.run_with(&format!("template register hello --kind ipxe -f - -m 'save {i}'"), source);
        assert_eq!(run.exit, 0, "{run}");
    }
}

#[test]
fn register_show_history_and_rollback() {
    let client = Client::new();
    saved(&client, &["#!ipxe\nboot\n", "#!ipxe\necho 2", "#!ipxe\necho 3\n", "#!ipxe\necho 4\n"]);
    assert_eq!(client.ok("template show hello").stdout, "#!ipxe\necho 4\n");
    assert_eq!(client.ok("template show hello --revision 2").stdout, "#!ipxe\necho 2");
    let steps = [
        "template history hello",
        "template rollback hello --dry-run",
        "template rollback hello",
        "template rollback hello --revision 1 -m 'the first was best'",
        "template rollback hello --revision 99",
        "template history hello -o name",
        "template list",
        "template get hello -o yaml",
        "template show gone",
    ];
    let text: String = steps.map(|args| format!("$ {args}\n{}", client.run(args))).concat();
    insta::assert_snapshot!(text);
}

#[test]
fn a_source_that_does_not_compile_is_refused_with_its_place() {
    let client = Client::new();
    insta::assert_snapshot!(client.run_with("template register bad --kind ipxe -f -", "{% boom %}"), @r#"
    exit 4
    --- stderr
    error: this template is not valid
      source: line 1, column 4: unknown tag boom
    "#);
}
