//! What is written is read again, as it was.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use pxe_init::domain::Change;
use pxe_init::manifest::{self, Resource};

use crate::store::nouns;

fn resources() -> impl Strategy<Value = Vec<Resource>> {
    nouns().prop_map(|changes| {
        let resource = |change| match change {
            Change::Image(image) => Resource::Image(image),
            Change::Template(template) => Resource::Template(template),
            Change::Machine(machine) => Resource::Machine(machine),
            Change::Rule(rule) => Resource::Rule(rule),
            Change::Delete(..) => unreachable!("only what stands"),
        };
        changes.into_iter().map(resource).filter(|resource| resource.violations().is_empty()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn documents(resources in resources()) {
        let texts: Vec<String> = resources.iter().map(|resource| manifest::document(resource).unwrap()).collect();
        let text = texts.join("---\n");
        let read = manifest::parse(&text, Path::new("test"), None);
        let read: Vec<_> = read.unwrap_or_else(|e| panic!("{e:?}\n{text}")).into_iter().map(|r| r.value).collect();
        prop_assert_eq!(&read, &resources, "{}", text);
        let again: Vec<String> = read.iter().map(|resource| manifest::document(resource).unwrap()).collect();
        prop_assert_eq!(again, texts);
    }

    #[test]
    fn directories(resources in resources()) {
        let directory = tempfile::tempdir().unwrap();
        for file in resources.iter().flat_map(|resource| manifest::files(resource).unwrap()) {
            let path = directory.path().join(file.path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            prop_assert!(!path.exists(), "two resources have the file {}", path.display());
            fs::write(path, file.text).unwrap();
        }
        let mut read: Vec<_> = manifest::load(&[directory.path().to_owned()]).unwrap().into_iter().map(|r| r.value).collect();
        read.sort_by_key(Resource::noun);
        prop_assert_eq!(read, resources);
    }
}

#[test]
fn names_that_are_too_long_for_a_file() {
    let long = format!("a{}", ".b".repeat(126));
    let resources: Vec<Resource> = ["x", "y"]
        .map(|end| {
            let name = format!("{}{end}", &long[..252]).parse().unwrap();
            Resource::Template(pxe_init::domain::Template::new(
                name,
                pxe_init::domain::Kind::NetworkConfig,
                "",
            ))
        })
        .into();
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("templates")).unwrap();
    for file in resources.iter().flat_map(|resource| manifest::files(resource).unwrap()) {
        assert!(file.path.file_name().unwrap().len() <= 255);
        fs::write(directory.path().join(file.path), file.text).unwrap();
    }
    let mut read: Vec<_> =
        manifest::load(&[directory.path().to_owned()]).unwrap().into_iter().map(|r| r.value).collect();
    read.sort_by_key(|resource| resource.name().clone());
    assert_eq!(read, resources);
}
