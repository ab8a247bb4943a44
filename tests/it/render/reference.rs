//! `docs/templates.md` says what a template can use, no more and no less.

use std::collections::BTreeSet;

use pxe_init::domain::Kind;
use pxe_init::render::{FILTERS, FUNCTIONS, Limits, TESTS, TemplateSet, sample};

const REFERENCE: &str = include_str!("../../../docs/templates.md");

/// The names in back quotes in the first column of the table under `heading`, or all in back quotes where there is none.
fn named(heading: &str) -> BTreeSet<&str> {
    let section = REFERENCE.split(&format!("\n## {heading}\n")).nth(1).expect(heading);
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|line| line.split('|').nth(1));
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(|name| name.split('(').next().unwrap())
        .collect()
}

#[test]
fn every_name_is_documented() {
    assert_eq!(named("Filters"), BTreeSet::from(FILTERS));
    assert_eq!(named("Tests"), BTreeSet::from(TESTS));
    assert_eq!(named("Functions"), BTreeSet::from(FUNCTIONS));
    let set = TemplateSet::compile([], Limits::default());
    let built_in: BTreeSet<&str> = set.iter().map(|entry| entry.template.name.as_str()).collect();
    assert_eq!(named("Built-in templates"), built_in);
}

/// A name in the list that the engine does not know would be an error of another kind.
#[test]
fn every_listed_name_is_known_to_every_kind_and_no_other_is() {
    let set = TemplateSet::compile([], Limits::default());
    let says = |kind, source: &str| {
        let result = set.render_source(kind, "t", source, &sample::all()[0].context);
        result.map_or_else(|e| e.reason.to_string(), |_| String::new())
    };
    for kind in Kind::ALL {
        for filter in FILTERS {
            let said = says(kind, &format!("{{{{ 'a'|{filter} }}}}"));
            assert!(!said.contains("unknown"), "{kind} {filter}: {said}");
        }
        for test in TESTS {
            let said = says(kind, &format!("{{% if 'a' is {test} %}}{{% endif %}}"));
            assert!(!said.contains("unknown"), "{kind} {test}: {said}");
        }
        for function in FUNCTIONS {
            let said = says(kind, &format!("{{{{ {function}() }}}}"));
            assert!(!said.contains("unknown"), "{kind} {function}: {said}");
        }
        for foreign in [
            "{{ debug() }}",
            "{{ 'a'|safe }}",
            "{{ 'a'|e }}",
            "{{ 'a'|escape }}",
            "{{ 'a'|pprint }}",
            "{{ 'a'|tojson }}",
            "{{ 'a'|format }}",
        ] {
            assert!(says(kind, foreign).contains("unknown"), "{kind} {foreign}");
        }
    }
}

#[test]
fn the_lists_are_sorted() {
    assert!(FILTERS.is_sorted() && TESTS.is_sorted() && FUNCTIONS.is_sorted());
}
