//! What is wrong with the files themselves: told all at once, and nothing is run.

use super::{CASES, MANIFESTS, Site};

#[test]
fn every_mistake_of_a_test_file_is_told() {
    let site = Site::new(
        "\
- case: a
  machin: web-1
  expect: {contians: [x], outcome: renderd}
- case: b
  machine: web-1
  persona: known-bios
  kinds: [ipx]
- case: c
  persona: known-bois
  facts: {arc: x, serial: 12}
- case: d
  facts: {mac: '52:54'}
  template: x
  kinds: [ipxe]
- case: e
  expect: {problem: x}
- case: f
  expect: {outcome: failed, contains: [x]}
- case: g
  expect: {binding: true, rule: x, lacks: ['']}
- machine: web-1
- just a text
- case: 3
",
    );
    site.write("fields.test.yaml", CASES);
    insta::assert_snapshot!(site.test(""));
    // What each case says by itself is looked at when all are read.
    site.write(
        "all.test.yaml",
        "\
- {case: b, machine: web-1, persona: known-bios}
- {case: c, persona: known-bois}
- {case: d, facts: {mac: '52:54'}, template: x, kinds: [ipxe]}
- {case: e, expect: {problem: x}}
- {case: f, expect: {outcome: failed, contains: [x]}}
- {case: g, expect: {binding: true, rule: x, lacks: ['']}}
- {case: g}
- {case: 'G:'}
- {case: '-'}
",
    );
    insta::assert_snapshot!(site.test(""));
}

#[test]
fn mistakes_of_manifests_are_told_with_them() {
    let site = Site::new("- {case: a, machin: web-1}\n");
    site.write("more.yaml", "noun: machine\nname: db-1\nimage: debain\nmacs: ['52:54:00:00:00:01']\n");
    site.write("broken.yaml", "noun: machine\nnam: db-1\n");
    insta::assert_snapshot!(site.test(""));
    std::fs::remove_file(site.path("broken.yaml")).unwrap();
    insta::assert_snapshot!(site.test(""));
}

#[test]
fn files_that_share_their_snapshots_are_refused() {
    let site = Site::new(CASES);
    site.write("all.test.yml", CASES);
    site.write("empty.test.yaml", "# nothing\n");
    insta::assert_snapshot!(site.test(""));
}

#[test]
fn nothing_to_run_is_no_success() {
    let site = Site::new(CASES);
    std::fs::remove_file(site.path("all.test.yaml")).unwrap();
    insta::assert_snapshot!(site.test(""));
    std::fs::remove_dir_all(site.path("")).unwrap();
    insta::assert_snapshot!(site.test(""));
}

/// Test files lie among the manifests, and are none.
#[test]
fn test_files_are_no_manifests() {
    let site = Site::new(CASES);
    let loaded = pxe_init::manifest::load(&[site.path("")]).unwrap();
    assert_eq!(loaded.len(), MANIFESTS.matches("noun:").count() + 1);
}

#[test]
fn params_are_what_they_are_declared_to_be() {
    let site = Site::new(CASES);
    site.write("typed.ipxe.j2", "{#- params\nsite:\n  type: integer\n-#}\n#!ipxe\necho {{ params.site }}\n");
    site.write("more.yaml", "noun: machine\nname: db-1\nmacs: ['52:54:00:00:00:03']\ntemplates: {ipxe: typed}\nparams: {site: b1}\n");
    insta::assert_snapshot!(site.test(""));
}
