//! Directories of manifests.

use std::fs;
use std::path::PathBuf;

use pxe_init::domain::{Kind, Template};
use pxe_init::manifest::{self, Resource};
use tempfile::TempDir;

fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn ids(paths: &[PathBuf]) -> Vec<String> {
    let found = manifest::load(paths).unwrap();
    found.iter().map(|found| format!("{}/{}", found.value.noun(), found.value.name())).collect()
}

#[test]
fn directories_are_read_in_the_order_of_names() {
    let directory = directory(&[
        ("b.yaml", "noun: image\nname: b2\n---\n# nothing\n---\nnoun: image\nname: b1\n"),
        ("a/z.yml", "- noun: image\n  name: z\n- noun: rule\n  name: r\n  image: z\n"),
        ("c.json", "{\"noun\": \"image\", \"name\": \"c\", \"kernel\":\t\"k\u{7f}\"}"),
        ("README.md", "# not a manifest"),
        (".hidden.yaml", "not: read"),
        ("empty.yaml", ""),
        ("templates/boot.ipxe.ipxe.j2", "#!ipxe\n"),
    ]);
    fs::write(directory.path().join("c.json"), "{\"noun\": \"image\", \"name\": \"c\", \"kernel\":\t\"k\"}")
        .unwrap();
    let expected = ["image/z", "rule/r", "image/b2", "image/b1", "image/c", "template/boot.ipxe"];
    assert_eq!(ids(&[directory.path().to_owned()]), expected);
    // A file that is given twice is read once.
    let both = [directory.path().join("b.yaml"), directory.path().to_owned()];
    assert_eq!(ids(&both), ["image/b2", "image/b1", "image/z", "rule/r", "image/c", "template/boot.ipxe"]);
}

#[test]
fn sources_stand_in_the_manifest_beside_it_or_alone() {
    let source = "#!ipxe\necho {{ machine.name }} \n\n";
    let directory = directory(&[
        ("t/inline.yaml", "noun: template\nname: inline\nkind: text\nsource: |\n  a\n  b\n"),
        (
            "t/named.yaml",
            "noun: template\nname: named\nkind: ipxe\nlabels: {site: b}\nfile: ../sources/x.j2\n",
        ),
        ("sources/x.j2", source),
        ("t/alone.user-data.j2", "#cloud-config\n"),
    ]);
    let found = manifest::load(&[directory.path().to_owned()]).unwrap();
    let template = |i: usize| match &found[i].value {
        Resource::Template(template) => template.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(template(0), Template::new("inline".parse().unwrap(), Kind::Text, "a\nb\n"));
    let named = Template::new("named".parse().unwrap(), Kind::Ipxe, source);
    assert_eq!(template(1), Template { labels: [("site".into(), "b".into())].into(), ..named });
    assert_eq!(template(2), Template::new("alone".parse().unwrap(), Kind::UserData, "#cloud-config\n"));
    let sources: Vec<_> = found.iter().map(|found| found.source.clone()).collect();
    assert_eq!(sources[0], None);
    assert!(sources[1].as_ref().unwrap().ends_with("sources/x.j2"));
    assert_eq!(sources[2].as_ref().unwrap(), &directory.path().join("t/alone.user-data.j2"));
    assert_eq!((found[1].place.line, found[1].place.column), (1, 1));
}

#[cfg(unix)]
#[test]
fn links_do_not_lead_out() {
    let outside = directory(&[("secret.j2", "x")]);
    let inside = directory(&[("t.yaml", "noun: template\nname: t\nkind: text\nfile: link.j2\n")]);
    std::os::unix::fs::symlink(outside.path().join("secret.j2"), inside.path().join("link.j2")).unwrap();
    let problems = manifest::load(&[inside.path().to_owned()]).unwrap_err();
    assert!(problems[0].to_string().contains("leads out of the directory"), "{problems:?}");
    // A circle is no endless walk.
    let circle = directory(&[("a/i.yaml", "noun: image\nname: i\n")]);
    std::os::unix::fs::symlink(circle.path(), circle.path().join("a/again")).unwrap();
    assert_eq!(ids(&[circle.path().to_owned()]), ["image/i"]);
}
