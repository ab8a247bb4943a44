//! Findings in what a template makes know the line of the template.

use pxe_init::domain::{Kind, Template};
use pxe_init::lint::{self, Finding};
use pxe_init::render::{Limits, TemplateSet, sample};

fn template(name: &str, kind: Kind, source: &str) -> Template {
    Template::new(name.parse().unwrap(), kind, source)
}

fn set(templates: &[Template]) -> TemplateSet {
    TemplateSet::compile(templates, Limits::default())
}

fn show(finding: &Finding) -> String {
    let origin = finding.origin.as_ref().unwrap();
    format!("{}:{} {} {}", origin.template, origin.line, finding.code(), finding.message)
}

fn found(set: &TemplateSet, name: &str) -> Vec<String> {
    lint::lint_template(set, name).iter().map(show).collect()
}

#[test]
fn findings_know_their_template_and_line() {
    let main = template(
        "main",
        Kind::Ipxe,
        "{#- a comment -#}\n#!ipxe\n{%- for i in [1, 2] %}\necho {{ i }}\n{%- endfor %}\n\ngoto nowhere\n{% include 'part' %}",
    );
    let part = template("part", Kind::Ipxe, "{#- partial -#}\n:x\necho a\nkernal x\n");
    assert_eq!(
        found(&set(&[main, part]), "main"),
        [
            "main:7 IPX020 there is no label `nowhere`",
            "part:2 IPX022 nothing goes to `x`, and nothing falls into it",
            "part:4 IPX010 iPXE has no command `kernal`",
        ]
    );
}

#[test]
fn a_mistake_of_all_machines_is_told_once_and_one_of_some_with_its_machine() {
    let source =
        "#!ipxe\nset mac {{ facts.mac }}\n{%- if facts.platform == 'efi' %}\nkernal x\n{%- endif %}\nwget\n";
    let set = set(&[template("t", Kind::Ipxe, source)]);
    let found = lint::lint_template(&set, "t");
    let told: Vec<_> = found.iter().map(|finding| (show(finding), finding.sample.unwrap())).collect();
    assert_eq!(
        told,
        [
            ("t:4 IPX010 iPXE has no command `kernal`".to_owned(), "unknown-mac"),
            ("t:6 IPX010 iPXE has no command `wget`".to_owned(), "known-bios"),
        ]
    );
}

#[test]
fn a_made_up_param_is_to_blame_for_nothing() {
    let source = "#!ipxe\nsleep {{ params.seconds }}\nprompt --timeout {{ params.seconds }} x ||\nsleep x\n";
    assert_eq!(
        found(&set(&[template("t", Kind::Ipxe, source)]), "t"),
        ["t:4 IPX012 `sleep` needs a whole number, and `x` is none"]
    );
}

#[test]
fn silences_stand_in_the_template() {
    let ignition = "{# lint: allow IGN003 because our own build knows it #}\n{ \"ignition\": { \"version\": \"3.3.0\" },\n{#- lint: allow IGN003 because our own build knows it -#}\n\"x\": {} }";
    assert_eq!(
        found(&set(&[template("t", Kind::Ignition, ignition)]), "t"),
        ["t:1 LNT001 the line has no finding IGN003"]
    );
    // Of use for some machines is of use.
    let script = "#!ipxe\n# lint: allow IPX010 because it is ours\n{% if facts.platform == 'efi' %}kernal{% else %}echo{% endif %}\n# lint: allow IPX010 because it is not needed\necho\n";
    assert_eq!(
        found(&set(&[template("t", Kind::Ipxe, script)]), "t"),
        ["t:4 LNT001 the line has no finding IPX010"]
    );
}

#[test]
fn what_does_not_render_has_no_findings() {
    let broken = template("broken", Kind::Ipxe, "#!ipxe\n{% if %}");
    let failing = template("failing", Kind::Ipxe, "#!ipxe\n{{ fail('no') }}");
    let set = set(&[broken, failing]);
    for name in ["broken", "failing", "nowhere", "retry"] {
        assert_eq!(lint::lint_template(&set, name), [], "{name}");
    }
}

#[test]
fn spans_cover_every_byte_and_the_document_is_the_same() {
    let set = set(&[]);
    for entry in set.iter() {
        let name = entry.template.name.as_str();
        for context in set.sample_contexts(name).into_iter().flat_map(|tried| tried.contexts) {
            let (document, spans) = set.render_with_spans(name, &context).unwrap();
            assert_eq!(document, set.render(name, &context).unwrap());
            for (at, c) in document.char_indices() {
                let (template, line) = spans.at(at).unwrap();
                let source = &set.get(template).unwrap().template.source;
                let text = source.split('\n').nth(line - 1).unwrap();
                assert!(
                    c == '\n' || text.contains(c) || text.contains("{{") || text.contains('%'),
                    "{name} {at} {c:?}: {text}"
                );
            }
        }
    }
}

#[test]
fn limits_hold_with_spans() {
    let endless = template(
        "endless",
        Kind::Text,
        "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
    );
    let set = set(&[endless]);
    let context = &sample::all()[0].context;
    assert_eq!(
        set.render_with_spans("endless", context).unwrap_err(),
        set.render("endless", context).unwrap_err()
    );
    assert_eq!(set.render_with_spans("none", context).unwrap_err(), set.render("none", context).unwrap_err());
}
