//! How values print, kind by kind.

use pxe_init::domain::Kind;
use pxe_init::render::{Context, Limits, Reason, TemplateSet, sample};
use serde_json::json;

fn context() -> Context {
    let mut context = sample::all()[5].context.clone();
    for (key, value) in [
        ("text", json!("two words")),
        ("number", json!(42)),
        ("float", json!(1.5)),
        ("yes", json!(true)),
        ("nothing", json!(null)),
        ("list", json!(["a", "b c"])),
        ("map", json!({ "k": ["v", { "deep": false }] })),
    ] {
        context = sample::with_param(&context, key, value);
    }
    context
}

fn render(kind: Kind, source: &str) -> Result<String, Reason> {
    let set = TemplateSet::compile([], Limits::default());
    let source = if kind == Kind::Ipxe { format!("#!ipxe\n{source}") } else { source.to_owned() };
    match set.render_source(kind, "t", &source, &context()) {
        Ok(text) => Ok(text.strip_prefix("#!ipxe\n").unwrap_or(&text).to_owned()),
        Err(e) => Err(e.reason),
    }
}

#[test]
fn scripts_take_words_and_numbers_only() {
    assert_eq!(
        render(Kind::Ipxe, "{{ params.number }} {{ params.float }} {{ machine.name }}").unwrap(),
        "42 1.5 db-1"
    );
    for refused in ["text", "yes", "nothing", "list", "map"] {
        let reason = render(Kind::Ipxe, &format!("{{{{ params.{refused} }}}}")).unwrap_err();
        assert!(
            matches!(&reason, Reason::RefusedValue { variable: Some(name), .. } if *name == format!("params.{refused}")),
            "{reason:?}"
        );
    }
}

#[test]
fn json_and_yaml_take_everything() {
    let source = r#"[{{ params.text }}, {{ params.number }}, {{ params.yes }}, {{ params.nothing }}, {{ params.list }}, {{ params.map }}]"#;
    let printed = r#"["two words", 42, true, null, ["a","b c"], {"k":["v",{"deep":false}]}]"#;
    assert_eq!(render(Kind::Ignition, source).unwrap(), printed);
    assert_eq!(render(Kind::Autoinstall, source).unwrap(), printed);
    assert_eq!(
        render(Kind::Ignition, "{{ params }}").unwrap().matches("timezone").count(),
        1,
        "layers are merged"
    );
    assert_eq!(render(Kind::UserData, "x: {{ 'a\u{7f}\u{2028}' }}").unwrap(), r#"x: "a\u007f\u2028""#);
}

#[test]
fn what_was_captured_is_not_escaped_twice() {
    for source in [
        "{% set x %}{{ params.text }}{% endset %}{{ x }}",
        "{% macro m(v) %}{{ v }}{% endmacro %}{{ m(params.text) }}",
        "{{ params.text|json }}",
        "{% set x = params.text|json %}{{ x }}",
    ] {
        assert_eq!(render(Kind::Ignition, source).unwrap(), "\"two words\"", "{source}");
    }
    let block = "{% set x %}echo {{ machine.name }}\nexit\n{% endset %}{{ x }}";
    assert_eq!(render(Kind::Ipxe, block).unwrap(), "echo db-1\nexit\n");
    assert_eq!(
        render(Kind::Ignition, r#"{{ [params.text|json, "b"|json]|join(", ") }}"#)
            .map_err(|e| e.to_string())
            .unwrap_err()
            .split(':')
            .next(),
        Some("the document is no JSON")
    );
    assert_eq!(
        render(Kind::Ignition, r#"[{{ [params.text|json, 2]|join(", ") }}]"#).unwrap(),
        r#"["two words", 2]"#
    );
}

#[test]
fn shell_like_kinds_quote() {
    assert_eq!(
        render(Kind::Kickstart, "x {{ params.text|sh }} {{ machine.name|sh }}").unwrap(),
        "x 'two words' db-1"
    );
    assert_eq!(render(Kind::Grub, r#"{{ "it's"|sh }}"#).unwrap(), r"'it'\''s'");
    assert_eq!(render(Kind::Kickstart, "{{ ''|sh }}").unwrap(), "''");
    assert_eq!(render(Kind::UserData, "- {{ params.text|sh }}").unwrap(), "- \"'two words'\"");
    assert_eq!(
        render(Kind::UserData, "#!/bin/sh\nx={{ params.text|sh|raw }}").unwrap(),
        "#!/bin/sh\nx='two words'"
    );
    assert_eq!(
        render(Kind::Preseed, "d-i a string {{ params.text|text }}").unwrap(),
        "d-i a string two words"
    );
    assert_eq!(render(Kind::Text, "{{ params.text }}\t{{ 'a\nb' }}").unwrap(), "two words\ta\nb");
}

#[test]
fn filters_do_what_they_say() {
    for (expression, printed) in [
        ("image.args|cmdline", "console=tty0 console=ttyS0,115200n8"),
        ("'a b  c'|split|cmdline", "a b c"),
        ("['x=\"a b\"', 3, '--- '|trim]|cmdline", "x=\"a b\" 3 ---"),
        ("params.text|text", "two words"),
        ("'a/b c~ü'|uri", "a%2Fb%20c%7E%C3%BC"),
        ("'A'|b64 ~ ',' ~ 'AB'|b64 ~ ',' ~ 'ABC'|b64 ~ ',' ~ ''|b64", "QQ==,QUI=,QUJD,"),
        ("'a || b ${c} #d --e ü'|display", "a '||' b $'{c} '#d' '--e' ?"),
        ("params.list|display", "(sequence)"),
        ("'abcdef'|display(3)", "abc"),
        ("params.map.k[1].deep|string", "false"),
        ("'a-b'|replace('-', '_')|upper", "A_B"),
        ("params.list|length", "2"),
        ("params.list|join(',')|replace(' ', '')", "a,bc"),
        ("'x' if params.yes else 'y'", "x"),
        ("'x' if not params.yes", ""),
        ("params.missing|default('d')", "d"),
        ("facts.ip|default('none')", "none"),
        ("machine.labels['example.org/role']", "database"),
        ("machine.macs|join(',')", "52:54:00:77:77:77,52:54:00:77:77:78"),
        ("rule.name ~ rule.priority", "databases0"),
        ("params.timezone", "Europe/Berlin"),
        ("params.retry_seconds", "5"),
        ("image.kernel|split('/')|last", "fedora-coreos-34.20210725.3.0-live-kernel-x86_64"),
        ("server.url_for('meta-data')|split('/')|last", "meta-data"),
    ] {
        assert_eq!(
            render(Kind::Ipxe, &format!("{{{{ {expression} }}}}")).map_err(|e| e.to_string()),
            Ok(printed.to_owned()),
            "{expression}"
        );
    }
    assert_eq!(
        render(Kind::Text, "{{ 'a\n\nb\n'|indent(2) }}|{{ 'a\nb'|indent(2, true) }}").unwrap(),
        "a\n\n  b\n|  a\n  b"
    );
    assert_eq!(render(Kind::Text, "{{ params.map|json(2) }}").unwrap().lines().count(), 8);
}

#[test]
fn a_machine_that_is_not_registered_is_what_it_said() {
    let set = TemplateSet::compile([], Limits::default());
    let source = "{{ machine.registered|string }} {{ machine.mac }} {{ machine.uuid }} {{ machine.macs|join }} {{ machine.labels|length }} {{ machine.name is defined }}{{ machine.hostname is defined }}";
    let source = source.replace("is defined }}", "is defined and 'x' or 'undefined' }}");
    let text = set.render_source(Kind::Text, "t", &source, &sample::all()[1].context).unwrap();
    assert_eq!(
        text,
        "false 52:54:00:ff:ff:01 00000000-0000-0000-0000-000000000000 52:54:00:ff:ff:01 0 undefinedundefined"
    );
}

#[test]
fn an_unsaved_source_stands_in_for_the_stored_one() {
    let set = TemplateSet::compile([], Limits::default());
    let context = &sample::all()[0].context;
    let partial = set.render_source(Kind::Ipxe, "retry", "#!ipxe\n{% include 'initrds' %}", context).unwrap();
    assert!(partial.contains("\ninitrd --name initrd1 "), "{partial}");
    let text = set.render_source(Kind::Text, "x", "a\r\nb\n", context).unwrap();
    assert_eq!(text, "a\r\nb\n", "line ends stay, the last one too");
}
