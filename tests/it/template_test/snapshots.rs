//! Snapshots: missing, accepted, changed, left over.

use std::fs;

use super::{CASES, Site};

#[test]
fn a_missing_snapshot_fails_until_it_is_accepted() {
    let site = Site::new(CASES);
    insta::assert_snapshot!(site.test(""));
    assert_eq!(site.snapshots(), [] as [&str; 0], "nothing is written unasked");
    insta::assert_snapshot!(site.ok("--accept"));
    insta::assert_snapshot!(site.ok(""));
    insta::assert_snapshot!(site.snapshots().join("\n"));
    let stored = fs::read_to_string(site.path("snapshots/all/web-2-boots-its-disk/ipxe")).unwrap();
    assert!(stored.starts_with("#!ipxe\n") && stored.ends_with("exit 1\n"), "{stored:?}");
}

#[test]
fn a_change_is_a_diff() {
    let site = Site::accepted();
    site.edit_template(" at ", " stands at ");
    insta::assert_snapshot!(site.test(""));
    site.ok("--accept");
    insta::assert_snapshot!(site.ok("").stderr);
}

/// Version control likes to change line ends; that must be seen.
#[test]
fn one_byte_counts() {
    let site = Site::accepted();
    let path = site.path("snapshots/all/web-1-boots-debian/ipxe");
    let stored = fs::read_to_string(&path).unwrap();
    fs::write(&path, stored.replacen('\n', "\r\n", 1)).unwrap();
    let run = site.test("");
    assert_eq!(run.exit, 4);
    assert!(run.stdout.contains("    -#!ipxe␍\n    +#!ipxe\n"), "{run}");
    fs::write(&path, stored.trim_end()).unwrap();
    let run = site.test("");
    assert!(run.stdout.contains("No newline at end of file"), "{run}");
    fs::write(&path, [0xff, 0xfe]).unwrap();
    assert_eq!(site.test("").exit, 4);
}

#[test]
fn leftover_snapshots_fail_until_they_are_removed() {
    let site = Site::accepted();
    // A case that is gone, a kind that a case has no more, and a test file that is gone.
    site.write("snapshots/all/web-3/ipxe", "x");
    site.write("snapshots/all/web-1-boots-debian/grub", "x");
    site.write("snapshots/old/web-1/ipxe", "x");
    // Neither is a snapshot.
    site.write("snapshots/README.md", "x");
    site.write("snapshots/all/web-1-boots-debian/notes.txt", "x");
    insta::assert_snapshot!(site.test(""));
    assert_eq!(site.test("--filter 'web-*'").exit, 0, "some cases can not tell");
    insta::assert_snapshot!(site.ok("--accept"));
    insta::assert_snapshot!(site.snapshots().join("\n"));
}

#[test]
fn what_fails_otherwise_is_not_accepted() {
    let site = Site::new(
        "- {case: wrong image, machine: web-1, expect: {image: local}}\n- {case: right image, machine: web-1, expect: {image: debian}}\n",
    );
    let run = site.test("--accept");
    assert_eq!(run.exit, 4, "{run}");
    assert_eq!(site.snapshots(), ["all", "all/right-image", "all/right-image/ipxe"]);
}

/// The snapshot of a case is still its own while the case fails.
#[test]
fn a_failing_case_keeps_its_snapshot() {
    let site = Site::accepted();
    let before = site.snapshots();
    site.edit_template("params.site|default('nowhere')", "params.sight");
    assert_eq!(site.test("--accept").exit, 4);
    assert_eq!(site.snapshots(), before);
    site.write("all.test.yaml", &CASES.replace("machine: web-1", "machine: web-9"));
    assert_eq!(site.test("--accept").exit, 4);
    assert_eq!(site.snapshots(), before);
}

#[test]
fn a_filter_runs_some() {
    let site = Site::new(CASES);
    site.ok("--accept --filter 'web-1*'");
    assert_eq!(site.snapshots(), ["all", "all/web-1-boots-debian", "all/web-1-boots-debian/ipxe"]);
    let run = site.test("--filter 'db-*'");
    assert_eq!((run.exit, run.stderr.as_str()), (3, "error: no case matches the filter\n"));
}

/// Snapshots go into version control, and differences into the log of a CI.
#[test]
fn secrets_are_not_written_down() {
    let site = Site::new("- {case: a, machine: db-1, expect: {contains: [__secret__], lacks: [hunter2]}}\n");
    site.write(
        "login.ipxe.j2",
        "{#- params\npassword:\n  type: string\n  secret: true\n-#}\n#!ipxe\nset password {{ params.password }}\nexit 1\n",
    );
    site.write(
        "db.yaml",
        "noun: machine\nname: db-1\nmacs: ['52:54:00:00:00:03']\ntemplates: {ipxe: login}\nparams: {password: hunter2}\n",
    );
    assert!(!site.test("").stdout.contains("hunter2"));
    site.ok("--accept");
    let stored = fs::read_to_string(site.path("snapshots/all/a/ipxe")).unwrap();
    assert_eq!(stored, "#!ipxe\nset password __secret__\nexit 1\n");
}
