//! The linter's part, refused templates, and the formats.

use std::fs;

use serde_json::Value;

use super::{CASES, Site};

#[test]
fn what_the_linter_finds_fails_the_case() {
    let site = Site::accepted();
    site.edit_template("boot || goto failed", "boot || goto faild");
    insta::assert_snapshot!(site.test("--filter 'web-1*'"));
    site.ok("--no-lint --accept");
    assert_eq!(site.test("").exit, 4);
}

#[test]
fn warnings_are_shown_once_and_fail_nothing() {
    let site = Site::new("- {case: a, machine: web-1}\n- {case: b, persona: uefi-arm64}\n");
    site.edit_template("exit 1", "exit 1\necho never");
    insta::assert_snapshot!(site.ok("--accept"));
    site.edit_template(
        "exit 1",
        "exit 1\n{#- lint: allow IPX034 because it is there for people to read #}\necho never",
    );
    let run = site.test("");
    assert_eq!((run.exit, run.stdout.contains("warning")), (0, false), "{run}");
}

#[test]
fn what_a_server_would_refuse_fails() {
    let site = Site::accepted();
    site.write("new.ipxe.j2", "#!ipxe\necho {{ image.nam }}\n");
    site.write("other.ipxe.j2", "#!ipxe\n{% if %}\n");
    insta::assert_snapshot!(site.test(""));
}

#[test]
fn scripts_get_records() {
    let site = Site::accepted();
    site.write("all.test.yaml", &CASES.replace("rule: racks", "rule: arm"));
    site.edit_template(" at ", " in ");
    site.write("snapshots/all/gone/ipxe", "x");
    let run = site.test("-o json");
    assert_eq!(run.exit, 4);
    let records: Value = serde_json::from_str(&run.stdout).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&records).unwrap());
    let run = site.test("-o name -q");
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        ("case/web-1 boots debian\ncase/web-2 boots its disk\nsnapshots/snapshots\n", "")
    );
    let run = site.test("-q");
    assert!(!run.stdout.contains("ok ") && run.stderr.is_empty(), "{run}");
    assert_eq!(site.test("-o sarif").exit, 2);
}

#[test]
fn ci_gets_junit() {
    let site = Site::new("- {case: 'a <b> & \"c\"', machine: web-1}\n- {case: fine, machine: web-2}\n");
    site.ok("--accept");
    site.edit_template(" at ", " <at> ");
    site.write("snapshots/all/gone/ipxe", "x");
    let run = site.test("--junit missing/results.xml");
    assert_eq!(run.exit, 1, "a file that can not be written: {run}");
    let run = site.test("--junit results.xml");
    assert_eq!(run.exit, 4, "{run}");
    insta::assert_snapshot!(fs::read_to_string(site.0.path().join("results.xml")).unwrap());
}

/// A document must not command the terminal of who looks at it.
#[test]
fn control_characters_are_shown_as_signs() {
    let site = Site::new("- {case: a, machine: web-1, template: rings}\n");
    site.write("rings.text.j2", "\u{1b}[31mred\u{7}\n");
    let run = site.test("");
    assert!(run.stdout.contains("+␛[31mred␇\n"), "{run}");
}

#[test]
fn long_differences_are_cut_for_people_only() {
    let site = Site::new("- {case: a, machine: web-1, template: long}\n");
    site.write("long.text.j2", &"line\n".repeat(300));
    let run = site.test("");
    assert!(run.stdout.contains("    … 201 lines more\n"), "{run}");
    assert_eq!(site.test("-o json").stdout.matches("+line").count(), 300);
}
