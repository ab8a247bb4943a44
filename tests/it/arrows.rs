//! Holds the order of the modules: each imports only from those before it (docs/architecture.md).

use std::fs;
use std::path::{Path, PathBuf};

/// Every module with what it may import.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("seal", &[]),
    ("error", &["domain"]),
    ("catalog", &["domain"]),
    ("resolve", &["domain", "catalog"]),
    ("render", &["domain"]),
    ("lint", &["domain", "render"]),
    ("manifest", &["domain"]),
    ("import", &["domain", "manifest"]),
    ("store", &["domain", "seal"]),
    ("config", &[]),
    ("man", &[]),
    ("boot", &["domain", "catalog", "resolve", "render", "lint"]),
    ("telemetry", &["domain", "boot"]),
    ("template_test", &["domain", "catalog", "resolve", "render", "lint", "manifest", "boot"]),
    ("snapshot_file", &["domain", "seal", "catalog"]),
    (
        "service",
        &[
            "domain",
            "error",
            "catalog",
            "resolve",
            "render",
            "lint",
            "boot",
            "store",
            "snapshot_file",
            "telemetry",
        ],
    ),
    ("proto", &[]),
    ("oidc", &["domain", "error"]),
    // The rest of `service` may be named where a conversion needs the type of what it gives back.
    ("http", &["domain", "error", "service", "telemetry"]),
    ("grpc", &["domain", "error", "catalog", "resolve", "boot", "service", "proto", "oidc"]),
    // `lint` and `template test` work offline, so the client asks no server for them; `lint` compiles templates for that.
    ("client", &["domain", "proto", "render", "lint", "manifest", "import", "man", "template_test"]),
    (
        "server",
        &[
            "domain",
            "seal",
            "error",
            "catalog",
            "resolve",
            "render",
            "store",
            "snapshot_file",
            "config",
            "man",
            "telemetry",
            "service",
            "proto",
            "oidc",
            "http",
            "grpc",
        ],
    ),
];

/// Crates that one module alone may name.
const OWNERS: [(&str, &str); 3] = [("minijinja", "render"), ("sea_orm", "store"), ("axum", "http")];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|ending| ending == "rs") {
            found.push(entry);
        }
    }
}

/// The first name after each `crate::`, and after each line of a `use crate::{…}`.
fn imports(text: &str) -> Vec<String> {
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => found.push(name(rest)),
            Some(list) => {
                let mut depth = 0;
                let mut part = String::new();
                for c in list.chars() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => found.push(name(std::mem::take(&mut part).trim())),
                        _ if depth == 0 => part.push(c),
                        _ => {}
                    }
                }
                found.push(name(part.trim()));
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

#[test]
fn modules_import_only_from_those_before_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for file in files {
        let path = file.strip_prefix(&root).unwrap();
        let module = path.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == module) else {
            assert!(module == "lib" || module == "bin", "{module} has no place in the order of modules");
            continue;
        };
        let text = fs::read_to_string(&file).unwrap();
        let code =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        for import in imports(&code) {
            seen += 1;
            if import != module && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{} imports {import}", path.display()));
            }
        }
        for (name, owner) in OWNERS {
            let names = code.contains(&format!("{name}::")) || code.contains(&format!("use {name}"));
            if names && module != owner && module != "server" {
                wrong.push(format!("{} names {name}, which is for {owner} alone", path.display()));
            }
        }
    }
    assert!(seen > 100, "the test finds no imports: {seen}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn finds_the_imports_of_a_list() {
    let text = "use crate::{a::{x, y}, b, grpc::z};\nuse crate::c::d; let e = crate::f();";
    assert_eq!(imports(text), ["a", "b", "grpc", "c", "f"]);
}
