//! What cases can ask, and what they can expect.

use std::path::Path;

use super::{Site, client, finish};

#[test]
fn expectations_that_hold() {
    let site = Site::new(
        "\
- {case: binding, machine: web-1, expect: {binding: true, image: debian, contains: [debian at b1], lacks: [nowhere]}}
- {case: rule, machine: web-2, expect: {binding: false, rule: racks}}
- {case: facts win, machine: web-2, facts: {arch: arm64}, expect: {rule: racks}}
- {case: persona, persona: uefi-arm64, expect: {rule: arm, image: debian, contains: [debian at nowhere]}}
- {case: held, persona: unknown-mac, expect: {outcome: held, contains: ['52:54:00:ff:ff:01']}}
- {case: not found, persona: unknown-mac, expect: {outcome: no-match, problem: no rule matches}}
- {case: no such document, machine: web-1, kinds: [ignition], expect: {outcome: no-template}}
- {case: fails, persona: unknown-mac, template: ours, expect: {outcome: failed, problem: image is undefined}}
- {case: refuses, machine: web-2, image: local, template: away, expect: {outcome: refused, problem: go away}}
- {case: another image, persona: unknown-mac, image: debian}
- {case: several, machine: web-1, kinds: [ipxe, user-data, meta-data], expect: {contains: ['#!ipxe', '#cloud-config']}}
",
    );
    site.write("away.ipxe.j2", "{{ not_found('go away') }}");
    insta::assert_snapshot!(site.ok("--accept").stdout);
    insta::assert_snapshot!(site.snapshots().join("\n"));
    site.ok("");
}

#[test]
fn expectations_that_do_not_hold() {
    let site = Site::new(
        "\
- {case: binding, machine: web-2, expect: {binding: true, image: debian}}
- {case: rule, machine: web-2, expect: {rule: arm}}
- {case: no binding, machine: web-1, expect: {binding: false, rule: racks}}
- {case: texts, machine: web-1, expect: {contains: [quiet], lacks: [console]}}
- {case: nothing matches, persona: unknown-mac}
- {case: renders, machine: web-1, expect: {outcome: failed}}
- {case: other problem, persona: unknown-mac, template: ours, expect: {outcome: failed, problem: params.site}}
- {case: fact, machine: web-1, template: by-product}
- {case: machine, machine: web-3}
- {case: template, machine: web-1, template: our}
- {case: image, machine: web-1, image: debain}
- {case: stolen, machine: web-1, facts: {mac: '52:54:00:00:00:02'}}
",
    );
    site.write("by-product.text.j2", "{{ facts.product }}");
    site.test("--accept");
    insta::assert_snapshot!(site.test(""));
}

/// What every machine could ask for by default is not what a site has decided, unless the site overrides it.
#[test]
fn documents_are_those_that_the_site_decides() {
    let site = Site::new("- {case: a, machine: web-1}\n");
    site.ok("--accept");
    assert_eq!(site.snapshots(), ["all", "all/a", "all/a/ipxe"]);
    site.write("default.user-data.user-data.j2", "#cloud-config\nhostname: {{ machine.name }}\n");
    site.ok("--accept");
    assert_eq!(site.snapshots(), ["all", "all/a", "all/a/ipxe", "all/a/user-data"]);
}

#[test]
fn urls_are_always_the_same_unless_they_are_given() {
    let site = Site::new(
        "- {case: a, machine: web-1, expect: {contains: ['http://boot.example.org:8080/assets/debian/linux']}}\n",
    );
    site.ok("--accept");
    let run = site.test("--base-url https://boot.site/ --asset-url http://mirror/x/");
    assert_eq!(run.exit, 4);
    assert!(run.stdout.contains("+kernel http://mirror/x/debian/linux"), "{run}");
    for wrong in ["--base-url boot.site", "--base-url ftp://x", "--asset-url 'a b'", "--filter ''"] {
        assert_eq!(site.test(wrong).exit, 2, "{wrong}");
    }
}

/// What `docs/testing-templates.md` shows.
#[test]
fn the_example_of_the_documentation_passes() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples");
    let run = finish(client(&examples).args(["template", "test", "site"]));
    assert_eq!(run.exit, 0, "{run}");
    insta::assert_snapshot!(run);
}
