//! `lint NAME.KIND.j2`: what a template makes, with the template's own lines, without a server.

use serde_json::Value;

use super::cli::Dir;

const MAIN: &str = "#!ipxe\n{% for i in [1, 2] %}\necho {{ i }}\n{% endfor %}\ngoto {{ params.where|default('nowhere') }}\n{% include 'part' %}\n";
const PART: &str = "{#- partial -#}\n:x\n  kernal {{ facts.platform }}\n";

fn snapshot(name: &str, text: &str) {
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

fn names(stdout: &str) -> Vec<&str> {
    stdout.lines().collect()
}

#[test]
fn a_template_is_rendered_and_shown_with_its_own_lines() {
    let dir = Dir::new(&[("main.ipxe.j2", MAIN), ("part.ipxe.j2", PART)]);
    let (exit, stdout, stderr) = dir.run("lint main.ipxe.j2");
    assert_eq!((exit, stderr.as_str()), (4, "1 file: 2 errors, 0 warnings, 1 info\n"), "{stdout}");
    snapshot("template_lines", &stdout);
}

#[test]
fn a_template_that_is_given_is_taken_before_one_beside() {
    let dir = Dir::new(&[("main.ipxe.j2", "#!ipxe\n{% include 'part' %}\n"), ("part.ipxe.j2", PART)]);
    std::fs::create_dir(dir.path().join("other")).unwrap();
    std::fs::write(
        dir.path().join("other/more.ipxe.j2"),
        "#!ipxe\n{% include 'part' %}\n{% include 'main' %}\n",
    )
    .unwrap();
    // The part is beside main only.
    let (exit, stdout, _) = dir.run("-o name lint other/more.ipxe.j2");
    assert_eq!((exit, names(&stdout)), (4, vec!["other/more.ipxe.j2:2:4:TPL002"]), "{stdout}");
    // The mistake in what both include is told once.
    let (exit, stdout, _) = dir.run("-o name lint main.ipxe.j2 part.ipxe.j2 other/more.ipxe.j2");
    assert_eq!(exit, 4);
    assert!(names(&stdout).contains(&"part.ipxe.j2:3:3:IPX010"), "{stdout}");
    assert_eq!(stdout.matches("IPX010").count(), 1, "{stdout}");
}

#[test]
fn what_does_not_compile_is_a_finding() {
    let dir = Dir::new(&[
        ("broken.ipxe.j2", "#!ipxe\n{% if facts.mac %}\n"),
        ("failing.ipxe.j2", "#!ipxe\necho {{ machine.nmae }}\n"),
        ("includes.ipxe.j2", "#!ipxe\n{% include 'broken' %}\n"),
        ("fine.ipxe.j2", "#!ipxe\nreboot\n"),
        ("data.user-data.j2", "#cloud-config\nhostname: {{ facts.mac }}\nhostnam: x\n"),
    ]);
    let (exit, stdout, _) = dir
        .run("-o name lint broken.ipxe.j2 failing.ipxe.j2 includes.ipxe.j2 fine.ipxe.j2 data.user-data.j2");
    assert_eq!(exit, 4);
    snapshot("template_mistakes", &stdout);
}

#[test]
fn scripts_get_the_sample_and_what_it_gets() {
    let dir = Dir::new(&[("part.ipxe.j2", &PART.replace("{#- partial -#}", "#!ipxe"))]);
    let (_, stdout, _) = dir.run("-o json lint part.ipxe.j2");
    let records: Vec<Value> = serde_json::from_str(&stdout).unwrap();
    let record = records.iter().find(|record| record["code"] == "IPX010").unwrap();
    assert_eq!(record["rendered"], "  kernal pcbios");
    assert!(record["sample"].is_string());
    assert_eq!((&record["line"], &record["column"]), (&3.into(), &3.into()));
}

#[test]
fn one_name_is_one_template() {
    let dir =
        Dir::new(&[("a.ipxe.j2", "#!ipxe\nreboot\n"), ("a.text.j2", "x\n"), ("a b.ipxe.j2", "#!ipxe\n")]);
    let (exit, _, stderr) = dir.run("lint a.ipxe.j2 a.text.j2");
    assert_eq!(exit, 4);
    assert!(stderr.contains("a.text.j2: the template a is given twice, also as a.ipxe.j2"), "{stderr}");
    let (exit, _, stderr) = dir.run("lint 'a b.ipxe.j2'");
    assert!(exit == 4 && stderr.contains("hint: a template is NAME.KIND.j2"), "{stderr}");
    assert_eq!(dir.run("lint missing.ipxe.j2").0, 1);
}
