//! Everything that is wrong is told at once, each at its place.

use std::fs;
use std::path::{Path, PathBuf};

use pxe_init::domain::Noun;
use pxe_init::manifest::{self, Problem};

fn told(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

fn refused(text: &str) -> String {
    told(&manifest::parse(text, Path::new("site.yaml"), None).unwrap_err())
}

#[test]
fn every_mistake_of_a_directory_is_told() {
    let around = tempfile::tempdir().unwrap();
    let directory = around.path().join("site");
    let write = |path: &str, text: &str| {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        "images.yaml",
        "noun: image\nname: fcos\nkernal: k\n---\nnoun: image\nname: debian\narch: 64\ninitrds: i\n",
    );
    write(
        "machines.yml",
        "- noun: machine\n  name: web-1\n  macs: [52:54, 52:54:00:00:00:01]\n- noun: machine\n  name: web-2\n",
    );
    write("more.yaml", "noun: image\nname: local\n---\nnoun: image\nname: local\n");
    write("again.yaml", "noun: image\nname: local\n");
    write(
        "rules.json",
        "{\"noun\": \"rule\", \"name\": \"r\", \"match\": {\"hostname\": \"web*\", \"colour\": [\"red\"]}, \"image\": \"local\"}",
    );
    write("broken.yaml", "noun: image\nname: [\n");
    write("binary.yaml", "noun: image\nname: x");
    fs::write(directory.join("binary.yaml"), [0xff, 0xfe]).unwrap();
    write("templates/a.yaml", "noun: template\nname: a\nkind: ipxe\nfile: /etc/passwd\n");
    write("templates/b.yaml", "noun: template\nname: b\nkind: ipxe\nfile: ../../b.j2\n");
    write("templates/c.yaml", "noun: template\nname: c\nkind: ipx\nfile: gone.j2\nsource: x\n");
    write("templates/d.yaml", "noun: template\nname: d\nkind: text\nfile: d.txt\n");
    write("templates/d.txt", "a\0b");
    write("templates/lost.j2", "x");
    write("templates/lost.ipx.j2", "x");
    write("templates/-.ipxe.j2", "x");
    write(".git/config.yaml", "not: read");
    write("_drafts/x.yaml", "not: read");
    write("../b.j2", "x");
    let problems = manifest::load(&[directory.clone(), PathBuf::from("/does/not/exist")]).unwrap_err();
    let text = told(&problems).replace(&directory.display().to_string(), "DIR");
    insta::assert_snapshot!(text);
}

#[test]
fn a_document_says_what_it_is() {
    insta::assert_snapshot!(refused("name: a\n"));
    insta::assert_snapshot!(refused("noun: imag\nname: a\n"));
    insta::assert_snapshot!(refused("noun: 3\n"));
    insta::assert_snapshot!(refused("just text"));
    insta::assert_snapshot!(told(
        &manifest::parse("noun: rule\nname: a\n", Path::new("-"), Some(Noun::Image)).unwrap_err()
    ));
}

#[test]
fn values_are_what_their_field_wants() {
    let text = "\
noun: machine
name: web 1
macs: {a: b}
uuid: 12
serial: 42
hostname: -x-
labels: {rack: 12, on: true, row: [x]}
params: 5
image: [fcos]
templates: {ipx: a, grub: b c, ipxe: ok}
colour: red
---
noun: rule
name: r
priority: high
match: {mac: [zz], ip: [10.0.0.0/99], label.rack: 3, hostname: []}
---
noun: template
name: t
kind: ipxe
file: t.ipxe.j2
---
noun: template
kind: text
---
noun: machine
name: m
macs: [00:00:00:00:00:00, 52:54:00:00:00:01, 52:54:00:00:00:01]
labels: {'-': x, a.b: ' '}
params: {a-b: 1}
";
    insta::assert_snapshot!(refused(text));
}

/// Anchors spare operators repetition; what is wrong in one is told where it is used.
#[test]
fn anchors_and_merges() {
    let text = "\
- &base
  noun: machine
  name: a
  serial: s1
  labels: &labels {site: b1}
- <<: *base
  name: b
  serial: s2
- noun: machine
  name: c
  serial: s3
  labels: *labels
";
    let found = manifest::parse(text, Path::new("site.yaml"), None).unwrap();
    assert!(found.iter().all(|found| found.value.labels()["site"] == "b1"));
    assert_eq!(found.iter().map(|found| found.value.name().as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    insta::assert_snapshot!(refused(&text.replace("{site: b1}", "{site: 1}")));
}

#[test]
fn bombs_are_refused() {
    let mut bomb = "noun: image\nname: x\nparams:\n  a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (to, from) in ["b", "c", "d", "e", "f", "g", "h"].iter().zip(["a", "b", "c", "d", "e", "f", "g"]) {
        bomb += &format!("  {to}: &{to} [{}]\n", format!("*{from},").repeat(9));
    }
    assert!(refused(&bomb).contains("budget"), "{}", refused(&bomb));
    for depth in [60, 5000] {
        let list = "[".repeat(depth) + &"]".repeat(depth);
        let nested = refused(&format!("noun: image\nname: x\nparams:\n  a: {list}\n"));
        assert!(
            nested.starts_with("site.yaml:4:") && (nested.contains("depth") || nested.contains("recursion")),
            "{nested}"
        );
    }
}
