//! `export | apply` is the identity, for whatever a server may hold.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use pxe_init::domain::{Change, Kind, Machine, Name, Template};
use pxe_init::manifest::{self, Resource};

use super::real::Site;
use crate::store::nouns;

/// Random arguments may be such that no script can be rendered from them, which is not the point here.
const FORCE: &str = "--force -m 'random things'";

/// Up to three of each noun that a server takes: names that are there, addresses that no two machines share, sources that
/// render.
fn catalog() -> impl Strategy<Value = Vec<Resource>> {
    prop::collection::vec(nouns(), 1..4).prop_map(|rounds| {
        let changes: Vec<Change> = rounds.into_iter().flatten().collect();
        let names = |wanted: fn(&Change) -> bool| -> Vec<Name> {
            changes.iter().filter(|change| wanted(change)).map(|change| change.name().clone()).collect()
        };
        let images = names(|change| matches!(change, Change::Image(_)));
        let templates = names(|change| matches!(change, Change::Template(_)));
        let mut catalog: Vec<Resource> = Vec::new();
        for (i, change) in changes.into_iter().enumerate() {
            let text = [(Kind::Text, templates[i % templates.len()].clone())].into();
            let image = Some(images[i % images.len()].clone());
            let resource: Resource = match change {
                Change::Image(image) => pxe_init::domain::Image { templates: text, ..image }.into(),
                Change::Machine(machine) => {
                    let mac = format!("52:54:00:00:00:{i:02x}").parse().unwrap();
                    let (uuid, serial) = (None, Some(format!("serial {i}")));
                    Machine { macs: vec![mac], uuid, serial, image, templates: text, ..machine }.into()
                }
                Change::Rule(rule) => pxe_init::domain::Rule { image, ..rule_of(rule) }.into(),
                Change::Template(template) => {
                    // Nothing that Jinja would take for its own.
                    let source = template.source.replace(['{', '}'], "|").into();
                    Template { kind: Kind::Text, source, ..template }.into()
                }
                Change::Delete(..) => unreachable!("only what stands"),
            };
            let is_new = !catalog
                .iter()
                .any(|known| known.noun() == resource.noun() && known.name() == resource.name());
            if is_new {
                catalog.push(resource);
            }
        }
        catalog
    })
}

fn rule_of(rule: pxe_init::domain::Rule) -> pxe_init::domain::Rule {
    pxe_init::domain::Rule { templates: Default::default(), ..rule }
}

fn valid(catalog: &[Resource]) -> bool {
    catalog.iter().all(|resource| resource.violations().is_empty())
}

#[test]
fn export_and_apply_are_each_others_inverse() {
    let mut runner = TestRunner::new(Config { cases: 10, failure_persistence: None, ..Config::default() });
    let valid = catalog().prop_map(repaired).prop_filter("the domain refuses it", |catalog| valid(catalog));
    let cases = runner.run(&valid, |catalog| {
        let documents: Vec<String> =
            catalog.iter().map(|resource| manifest::document(resource).unwrap()).collect();
        let first = Site::start();
        let applied = first.run_with(&format!("apply -f - {FORCE}"), &documents.join("---\n"));
        prop_assert_eq!(applied.exit, 0, "{}", applied);

        let directory = tempfile::tempdir().unwrap();
        let out = directory.path().join("out");
        let exported = first.ok("export").stdout;
        first.ok(&format!("export --output-dir {}", out.display()));

        // To the same server: nothing changes.
        for (args, stdin) in
            [(format!("apply -f {}", out.display()), ""), ("apply -f -".to_owned(), exported.as_str())]
        {
            let again = first.run_with(&args, stdin);
            prop_assert_eq!(again.exit, 0, "{}", again);
            prop_assert!(again.stdout.lines().all(|line| line.ends_with(" unchanged")), "{}", again);
            prop_assert!(again.stderr.ends_with("; catalog revision 1\n"), "{}", again);
        }
        prop_assert_eq!(first.run(&format!("diff -f {}", out.display())).exit, 0);

        // To an empty one: it is the same.
        let second = Site::start();
        second.ok(&format!("apply -f {} {FORCE}", out.display()));
        prop_assert_eq!(&second.ok("export").stdout, &exported);
        let third = Site::start();
        prop_assert_eq!(third.run_with(&format!("apply -f - {FORCE}"), &exported).exit, 0);
        prop_assert_eq!(&third.ok("export").stdout, &exported);
        Ok(())
    });
    cases.unwrap();
}

/// Without what the domain refuses, where that is quick to mend: a random path may have a space in it.
fn repaired(catalog: Vec<Resource>) -> Vec<Resource> {
    let mend = |resource: Resource| match resource {
        Resource::Image(mut image) => {
            image.kernel = Some("kernel".into());
            for path in image.initrds.iter_mut().chain(&mut image.rootfs) {
                *path = format!("x{}", path.replace(|c: char| !c.is_alphanumeric(), ""));
            }
            image.args.iter_mut().for_each(mend_text);
            image.arch.iter_mut().for_each(mend_text);
            image.labels.values_mut().for_each(mend_text);
            Resource::Image(image)
        }
        Resource::Machine(mut machine) => {
            machine.labels.values_mut().for_each(mend_text);
            Resource::Machine(machine)
        }
        Resource::Rule(mut rule) => {
            rule.labels.values_mut().for_each(mend_text);
            Resource::Rule(rule)
        }
        Resource::Template(mut template) => {
            template.labels.values_mut().for_each(mend_text);
            Resource::Template(template)
        }
    };
    catalog.into_iter().map(mend).collect()
}

fn mend_text(text: &mut String) {
    *text = format!("x{}x", text.replace(char::is_control, ""));
}
