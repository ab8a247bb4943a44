//! Each `bad/CODE….KIND` has deliberate mistakes, and its snapshot is exactly what is found.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use pxe_init::domain::{Kind, Template};
use pxe_init::lint::{self, Fate, Finding};
use pxe_init::render::{Limits, TemplateSet};

fn files() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/lint/bad");
    let mut paths: Vec<PathBuf> = fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn kind(path: &Path) -> Kind {
    let path = path.to_str().unwrap().trim_end_matches(".j2");
    match Path::new(path).extension().unwrap().to_str().unwrap() {
        "ign" => Kind::Ignition,
        "ks" => Kind::Kickstart,
        other => other.parse().unwrap(),
    }
}

fn show(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let place = &finding.place;
        let (line, column, code, severity) = (place.line, place.column, finding.code(), finding.severity());
        let part: String = place.text.chars().skip(column - 1).take(place.width.min(60)).collect();
        writeln!(text, "{line}:{column} {severity} {code}: {} `{}`", finding.message, part.escape_debug())
            .unwrap();
        if !finding.help.is_empty() {
            writeln!(text, "    {}", finding.help).unwrap();
        }
    }
    text
}

/// As `lint FILE` would look at it; `lint --check-urls`, where it is about URLs.
fn lint(path: &Path, name: &str) -> Vec<Finding> {
    let (kind, text) = (kind(path), fs::read_to_string(path).unwrap());
    if name.ends_with(".j2") {
        let template = Template::new("t".parse().unwrap(), kind, text);
        return lint::check_template(&TemplateSet::compile([&template], Limits::default()), "t", None);
    }
    if !name.starts_with("URL") {
        return lint::lint(kind, &text, None);
    }
    let urls = lint::assets(kind, &text).into_iter().flat_map(|asset| asset.tries);
    let fate = |url: &str| match url {
        url if url.contains("dead") => Fate::Dead("answers 404 Not Found".to_owned()),
        url if url.contains("slow") => Fate::Unknown("did not answer in time".to_owned()),
        _ => Fate::Alive,
    };
    lint::lint_asked(kind, &text, &urls.map(|url| (url.clone(), fate(&url))).collect())
}

#[test]
fn every_mistake_is_found_and_nothing_else() {
    let mut shown = String::new();
    for path in files() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let code = &name[..6];
        let found = lint(&path, name);
        assert!(found.iter().any(|finding| finding.code() == code), "{name}:\n{}", show(&found));
        writeln!(shown, "=== {name}\n{}", show(&found)).unwrap();
    }
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("bad", shown);
    });
}

#[test]
fn every_code_has_a_file() {
    let have: BTreeSet<String> =
        files().iter().map(|path| path.file_name().unwrap().to_str().unwrap()[..6].to_owned()).collect();
    let rules: BTreeSet<String> = lint::rules().map(|rule| rule.code.to_owned()).collect();
    assert_eq!(have, rules);
    assert_eq!(lint::rules().count(), rules.len(), "a code stands for one thing");
}
