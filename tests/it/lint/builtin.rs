//! The built-in templates have no findings, with any sample, as a template and as a document.

use pxe_init::lint::{self, Finding};
use pxe_init::render::{Limits, TemplateSet};

#[test]
fn built_in_templates_have_no_findings() {
    let set = TemplateSet::compile([], Limits::default());
    let mut seen = 0;
    for entry in set.iter() {
        let name = entry.template.name.as_str();
        let show = |finding: &Finding| {
            format!("{:?} {} {} | {}", finding.origin, finding.code(), finding.message, finding.place.text)
        };
        let found: Vec<String> = lint::lint_template(&set, name).iter().map(show).collect();
        assert_eq!(found, Vec::<String>::new(), "{name}");
        for context in set.sample_contexts(name).into_iter().flat_map(|tried| tried.contexts) {
            let document = set.render(name, &context).unwrap();
            let found = lint::lint(entry.template.kind, &document, None);
            // What a made-up param is to blame for is no finding of the template.
            let made_up = document.contains("sample") || document.contains("10");
            assert!(made_up || found.is_empty(), "{name}: {:?}\n{document}", found.first().map(show));
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}
