//! `apply`, `diff`, `export`, `delete -f` and `plan -f` against the real server.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::real::Site;
use super::run::Run;

const COREOS: &str = "\
noun: image
name: coreos
labels: {site: b1}
kernel: coreos/vmlinuz
templates: {ipxe: site}
";

const REST: &str = "\
noun: machine
name: web-1
labels: {site: b1, rack: r1}
macs: [52-54-00-00-00-01]
image: coreos
---
noun: rule
name: default
labels: {site: b1}
image: coreos
";

/// A site of one image, machine, rule and template.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), "images/coreos.yaml", COREOS);
    write(directory.path(), "rest.yaml", REST);
    write(
        directory.path(),
        "site.yaml",
        "noun: template\nname: site\nkind: ipxe\nlabels: {site: b1}\nfile: site.ipxe.j2\n",
    );
    write(directory.path(), "site.ipxe.j2", "#!ipxe\necho {{ image.name }}\n");
    directory
}

fn write(directory: &Path, path: &str, text: &str) {
    let path = directory.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// What runs print, with the directory's name left out.
fn told(directory: &TempDir, runs: &[(&str, Run)]) -> String {
    let text: String = runs.iter().map(|(args, run)| format!("$ {args}\n{run}")).collect();
    text.replace(&directory.path().display().to_string(), "DIR")
}

/// Runs these in the order given; `DIR` stands for the directory.
fn steps(site: &Site, directory: &TempDir, steps: &[&'static str]) -> String {
    let runs: Vec<_> = steps
        .iter()
        .map(|args| (*args, site.run(&args.replace("DIR", &directory.path().display().to_string()))))
        .collect();
    told(directory, &runs)
}

#[test]
fn apply_is_idempotent_and_says_what_it_did() {
    let (site, directory) = (Site::start(), directory());
    let text = steps(
        &site,
        &directory,
        &[
            "apply -f DIR --dry-run",
            "apply -f DIR -m 'a beginning'",
            "apply -f DIR",
            "apply -f DIR -o name",
            "apply -f DIR/rest.yaml DIR/images -f DIR/site.yaml -q",
            "diff -f DIR",
            "template history site",
        ],
    );
    insta::with_settings!({filters => vec![(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME")]}, {
        insta::assert_snapshot!(text);
    });
}

#[test]
fn changes_are_shown_and_made() {
    let (site, directory) = (Site::start(), directory());
    site.ok(&format!("apply -f {}", directory.path().display()));
    write(
        directory.path(),
        "images/coreos.yaml",
        &COREOS.replace("coreos/vmlinuz", "coreos/new").replace("b1", "b2"),
    );
    write(directory.path(), "site.ipxe.j2", "#!ipxe\necho {{ image.name }}\nshell\n");
    write(directory.path(), "more.yaml", "noun: image\nname: local\n");
    let text = steps(
        &site,
        &directory,
        &[
            "diff -f DIR",
            "diff -f DIR -q",
            "diff -f DIR -o name",
            "diff -f DIR/more.yaml -o json",
            "diff -f DIR/rest.yaml",
            "plan -f DIR",
            "apply -f DIR",
            "apply -f DIR/more.yaml -o json",
            "diff -f DIR",
        ],
    );
    insta::assert_snapshot!(text);
}

#[test]
fn all_of_it_or_nothing() {
    let (site, directory) = (Site::start(), directory());
    write(directory.path(), "bad.yaml", "noun: rule\nname: r\nimage: nowhere\n");
    let before = steps(&site, &directory, &["apply -f DIR"]);
    write(
        directory.path(),
        "bad.yaml",
        "noun: rule\nname: r\nimagee: coreos\n---\nnoun: rule\nname: s\npriority: high\n",
    );
    let client =
        steps(&site, &directory, &["apply -f DIR", "export", "apply -f DIR/images/none", "diff -f DIR/none"]);
    fs::remove_file(directory.path().join("bad.yaml")).unwrap();
    write(directory.path(), "site.ipxe.j2", "#!ipxe\necho {{ params.gone }}\n");
    let gate = steps(
        &site,
        &directory,
        &["apply -f DIR", "apply -f DIR --force", "apply -f DIR --force -m 'we know'"],
    );
    fs::create_dir(directory.path().join("empty")).unwrap();
    let empty = steps(&site, &directory, &["apply -f DIR/empty"]);
    insta::assert_snapshot!(format!("{before}{client}{gate}{empty}"));
}

#[test]
fn prune_deletes_what_has_the_labels_and_no_manifest() {
    let (site, directory) = (Site::start(), directory());
    site.ok(&format!("apply -f {}", directory.path().display()));
    site.ok("image register other --label site=b2");
    site.ok("image register upper --label site=B1");
    site.ok("image register old --label site=b1 --kernel k");
    site.ok("machine register old --label site=b1 --serial s1 --image old");
    let text = steps(
        &site,
        &directory,
        &[
            "diff -f DIR --prune -l site=b1",
            "apply -f DIR --prune -l site=b1 --dry-run",
            "apply -f DIR --prune -l site=b1,rack=r1",
            "apply -f DIR --prune -l site=b1",
            "apply -f DIR --prune -l site=b1",
            "image list -o name",
            "machine list -o name",
            "apply -f DIR --prune",
            "apply -f DIR -l site=b1",
            "apply -f DIR --prune -l site",
        ],
    );
    insta::assert_snapshot!(text);
}

#[test]
fn pruning_what_others_need_changes_nothing() {
    let (site, directory) = (Site::start(), directory());
    site.ok(&format!("apply -f {}", directory.path().display()));
    site.ok("machine register stray --serial s1 --image coreos");
    fs::remove_file(directory.path().join("images/coreos.yaml")).unwrap();
    fs::remove_file(directory.path().join("rest.yaml")).unwrap();
    insta::assert_snapshot!(steps(&site, &directory, &["apply -f DIR --prune -l site=b1", "diff -f DIR"]));
}

#[test]
fn export_writes_what_apply_reads() {
    let (site, directory) = (Site::start(), directory());
    site.ok(&format!("apply -f {}", directory.path().display()));
    let text = steps(
        &site,
        &directory,
        &[
            "export",
            "export rules image -o name",
            "export -l rack=r1 -o json",
            "export -l site=b9",
            "export --output-dir DIR/out",
            "apply -f DIR/out",
            "export --output-dir DIR/out",
        ],
    );
    insta::assert_snapshot!(text);
    let out = directory.path().join("out");
    assert_eq!(
        tree(&out),
        [
            "images/coreos.yaml",
            "machines/web-1.yaml",
            "rules/default.yaml",
            "templates/site.ipxe.j2",
            "templates/site.yaml"
        ]
    );
    // Comments stay where the file says the same; what differs is written anew, and nothing is deleted.
    write(&out, "images/coreos.yaml", &format!("# ours\n{COREOS}"));
    write(&out, "machines/web-1.yaml", "noun: machine\nname: web-1\nserial: other\n");
    write(&out, "README.md", "read me");
    let again = steps(&site, &directory, &["export --output-dir DIR/out"]);
    assert!(fs::read_to_string(out.join("images/coreos.yaml")).unwrap().starts_with("# ours\n"));
    assert!(fs::read_to_string(out.join("machines/web-1.yaml")).unwrap().contains("52:54:00:00:00:01"));
    write(&out, "images/old.yaml", "noun: image\nname: old\n");
    write(&out, "broken.yaml", "noun: [");
    let broken = steps(&site, &directory, &["export --output-dir DIR/out"]);
    fs::remove_file(out.join("broken.yaml")).unwrap();
    let others =
        steps(&site, &directory, &["export --output-dir DIR/out", "export --output-dir DIR/out --force"]);
    assert!(out.join("images/old.yaml").exists() && out.join("README.md").exists());
    insta::assert_snapshot!(format!("{again}{broken}{others}"));
}

#[test]
fn delete_takes_away_what_manifests_name() {
    let (site, directory) = (Site::start(), directory());
    site.ok(&format!("apply -f {}", directory.path().display()));
    let text = steps(
        &site,
        &directory,
        &[
            "delete -f DIR/images",
            "delete -f DIR --dry-run",
            "delete -f DIR --yes -m 'site is closed'",
            "delete -f DIR",
            "export",
        ],
    );
    insta::assert_snapshot!(text);
}

#[test]
fn standard_input_is_a_file_too() {
    let site = Site::start();
    assert_eq!(site.run_with("apply -f -", COREOS.replace("templates: {ipxe: site}\n", "").as_str()).exit, 0);
    let run = site.run_with("diff -f -", "noun: template\nname: t\nkind: ipxe\nfile: t.j2\n");
    insta::assert_snapshot!(run);
    // What `get` and `list` print is a manifest.
    let listed = site.ok("image list -o yaml").stdout;
    insta::assert_snapshot!(site.run_with("apply -f -", &listed));
    let built_in = site.ok("template get linux -o yaml").stdout;
    insta::assert_snapshot!(site.run_with("apply -f - --dry-run", &built_in));
}

#[test]
fn a_server_that_is_away_is_no_difference() {
    let directory = directory();
    let mut command = super::run::bare();
    command.args(["--grpc-endpoint", "grpc://127.0.0.1:9", "diff", "-f"]).arg(directory.path());
    assert_eq!(super::run::finish(&mut command).exit, 6);
}

/// What `docs/manifests.md` shows.
#[test]
fn the_example_of_the_documentation_can_be_applied() {
    let site = Site::start();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/site");
    let args = |command: &str| format!("{command} -f {} --prune -l repo=site-b1", example.display());
    insta::assert_snapshot!(site.ok(&args("apply")));
    assert_eq!(site.run(&args("diff")).exit, 0);
    let script = site.ok("preview web-1").stdout;
    assert!(script.starts_with("#!ipxe\necho web-1 boots debian-12 at b1\n"), "{script}");
}

fn tree(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true => left.push(entry),
                false => found.push(entry.strip_prefix(directory).unwrap().display().to_string()),
            }
        }
    }
    found.sort();
    found
}
