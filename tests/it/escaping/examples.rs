//! The examples of `docs/escaping.md` are true, and there is one for each filter.

use pxe_init::domain::Kind;
use pxe_init::render::{FILTERS, Limits, Reason, TemplateSet, sample};

const PAGE: &str = include_str!("../../../docs/escaping.md");

/// The cells of the rows of the table of examples.
fn rows() -> Vec<Vec<String>> {
    let table = PAGE.split("| kind | `params.v` | template | document |\n").nth(1).unwrap();
    let rows = table.lines().skip(1).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells = row.replace("\\|", "\u{1}");
        cells.split('|').skip(1).take(4).map(|cell| cell.replace('\u{1}', "|").trim().to_owned()).collect()
    })
    .collect()
}

#[test]
fn every_example_is_true() {
    let set = TemplateSet::compile([], Limits::default());
    let rows = rows();
    assert!(rows.len() > 50, "{}", rows.len());
    for row in rows {
        let [kind, value, template, document] = row.as_slice() else { panic!("{row:?}") };
        let code =
            |cell: &str| cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')).map(str::to_owned);
        let kind: Kind = kind.parse().unwrap();
        let value: serde_json::Value = serde_json::from_str(&code(value).unwrap()).expect(value);
        let head = if kind == Kind::Ipxe { "#!ipxe\n" } else { "" };
        let source = format!("{head}{}", code(template).unwrap());
        let context = sample::with_param(&sample::all()[0].context, "v", value);
        match (set.render_source(kind, "t", &source, &context), code(document)) {
            (Ok(text), Some(meant)) => assert_eq!(text.strip_prefix(head).unwrap(), meant, "{template}"),
            (Err(e), None) if document == "refused" => {
                let named = matches!(&e.reason, Reason::RefusedValue { variable: Some(name), .. } if name == "params.v");
                assert!(named, "{template}: {e}");
            }
            (result, _) => panic!("{template}: {result:?}, not {document}"),
        }
    }
}

#[test]
fn every_filter_has_an_example() {
    let templates: Vec<String> = rows().into_iter().map(|row| row[2].clone()).collect();
    for filter in FILTERS {
        let used = |template: &String| {
            template.match_indices(&format!("|{filter}")).any(|(at, found)| {
                !template[at + found.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
            })
        };
        assert!(templates.iter().any(used), "{filter}");
    }
}
