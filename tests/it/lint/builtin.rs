//! The built-in templates have no findings, with any sample, as a template and as a document.

use pxe_init::lint::{self, Finding};
use pxe_init::render::{Limits, TemplateSet};

fn show(finding: &Finding) -> String {
    format!("{:?} {} {} | {}", finding.origin, finding.code(), finding.message, finding.place.text)
}

#[test]
fn built_in_templates_have_no_findings() {
    let set = TemplateSet::compile([], Limits::default());
    for entry in set.iter() {
        let name = entry.template.name.as_str();
        let found: Vec<String> = lint::lint_template(&set, name).iter().map(show).collect();
        assert_eq!(found, Vec::<String>::new(), "{name}");
    }
}

/// A template's findings are merged from those of its documents; here nothing is merged away.
#[test]
fn no_document_of_theirs_has_a_finding() {
    let set = TemplateSet::compile([], Limits::default());
    let (mut whole, mut made_up) = (0, 0);
    for entry in set.iter() {
        let name = entry.template.name.as_str();
        for tried in set.sample_contexts(name) {
            for context in &tried.contexts {
                let (document, spans) = set.render_with_spans(name, context).unwrap();
                let mut found = lint::lint(entry.template.kind, &document, None);
                if tried.made_up {
                    // A value that nobody gave is no mistake of the template's.
                    found.retain(|finding| !spans.is_value(finding.range.start));
                    made_up += 1;
                } else {
                    whole += 1;
                }
                let found: Vec<String> = found.iter().map(show).collect();
                assert_eq!(found, Vec::<String>::new(), "{name}, sample {}:\n{document}", tried.sample);
            }
        }
    }
    assert!(whole > 100 && made_up > 0, "{whole} documents, and {made_up} with made-up params");
}
