//! The client against the real server, on what only that can tell.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::run::{Run, bare, finish};
use crate::app::TestApp;

async fn run(app: &TestApp, args: &str) -> Run {
    let mut command = bare();
    command.env("PXE_INIT_ENDPOINT", format!("grpc://{}", app.grpc)).args(shell_words::split(args).unwrap());
    tokio::task::spawn_blocking(move || finish(&mut command)).await.unwrap()
}

/// Two machines that boot, and one that lacks a param.
async fn site() -> TestApp {
    let app = TestApp::start().await;
    let source = "#!ipxe\necho {{ machine.name }} {{ params.site|default('nowhere') }}\nboot\n";
    app.template("ours", "ipxe", source).await.unwrap();
    app.template("needs", "ipxe", "#!ipxe\necho {{ params.site }}\nboot\n").await.unwrap();
    app.image("demo", |image| drop(image.templates.insert("ipxe".into(), "ours".into()))).await;
    for (i, name) in ["web-1", "web-2.example.org", "db"].into_iter().enumerate() {
        app.machine(name, &format!("52:54:00:00:00:0{i}"), |machine| {
            machine.image = "demo".into();
            if name == "db" {
                machine.templates.insert("ipxe".into(), "needs".into());
            }
        })
        .await;
    }
    app
}

/// Every file below, with its text.
fn tree(directory: &Path) -> String {
    let mut found = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true => left.push(entry),
                false => found.push(entry),
            }
        }
    }
    found.sort();
    let shown = |path: &Path| {
        let name = path.strip_prefix(directory).unwrap().display().to_string();
        format!("--- {name}\n{}", fs::read_to_string(path).unwrap())
    };
    found.iter().map(|path| shown(path)).collect()
}

#[tokio::test]
async fn preview_writes_the_fleet_into_files() {
    let app = site().await;
    let scratch = TempDir::new().unwrap();
    let directory = scratch.path().join("fleet");
    let command = format!("preview --output-dir {}", directory.display());
    let run_1 = run(&app, &command).await;
    assert_eq!(run_1.exit, 3, "{run_1}");
    assert_snapshot!("fleet_files", tree(&directory));
    assert!(run_1.stderr.contains("15 documents of 3 machines"), "{run_1}");
    assert!(run_1.stderr.contains("1 of them is not what its machine should get"), "{run_1}");

    // An earlier run is replaced, with all that it wrote.
    let before = tree(&directory);
    fs::write(directory.join("web-1/ipxe"), "spoilt").unwrap();
    fs::create_dir(directory.join("gone")).unwrap();
    run(&app, &command).await;
    assert_eq!(tree(&directory), before);
    assert!(!directory.join("gone").exists());

    let one = run(&app, &format!("preview web-1 --kind ipxe --output-dir {}", directory.display())).await;
    assert_eq!(one.exit, 0, "{one}");
    assert_eq!(
        fs::read_to_string(directory.join("web-1/ipxe")).unwrap(),
        "#!ipxe\necho web-1 nowhere\nboot\n"
    );
    assert!(!directory.join("db").exists());
}

#[tokio::test]
async fn preview_touches_no_directory_of_others() {
    let app = site().await;
    let scratch = TempDir::new().unwrap();
    fs::write(scratch.path().join("precious"), "x").unwrap();
    let refused = run(&app, &format!("preview --output-dir {}", scratch.path().display())).await;
    assert_eq!(refused.exit, 2, "{refused}");
    assert!(refused.stderr.contains("has other files"), "{refused}");
    assert_eq!(tree(scratch.path()), "--- precious\nx");
    let entries = fs::read_dir(scratch.path().parent().unwrap()).unwrap();
    let left = entries
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with(".pxe-init-preview"));
    assert_eq!(left.count(), 0, "nothing is left behind");
}

#[tokio::test]
async fn preview_shows_every_kind() {
    let app = site().await;
    let all = run(&app, "preview web-1 --kind all").await;
    assert_eq!(all.exit, 0, "{all}");
    assert_snapshot!("preview_all_kinds", all.to_string());
}

#[tokio::test]
async fn preview_compares_an_unsaved_template_with_what_is_served() {
    let app = site().await;
    let scratch = TempDir::new().unwrap();
    let file = scratch.path().join("new.ipxe.j2");
    fs::write(&file, "#!ipxe\necho hello {{ machine.name }}\nboot\n").unwrap();
    let diff = run(&app, &format!("preview web-1 --template-file {} --diff", file.display())).await;
    assert_eq!(diff.exit, 0, "{diff}");
    assert_snapshot!("preview_diff", diff.to_string());
    fs::write(&file, "#!ipxe\necho {{ params.nothing }}\n").unwrap();
    let failed = run(&app, &format!("preview web-1 --template-file {} --diff", file.display())).await;
    assert_eq!((failed.exit, failed.stdout.as_str()), (3, ""), "{failed}");
}
