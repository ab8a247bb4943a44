//! `edit` with editors that are shell commands.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::run::{Client, Run, finish};

/// Runs the client with an editor that is this shell script, its file in `$1`.
fn edit(client: &Client, args: &str, script: &str) -> Run {
    let directory = tempfile::tempdir().unwrap();
    let editor = directory.path().join("my editor");
    fs::write(&editor, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = client.command();
    command.env("EDITOR", "vi-is-not-called").env("VISUAL", format!("'{}'", editor.display()));
    command.env("CLIENT", env!("CARGO_BIN_EXE_pxe-init-client"));
    finish(command.args(shell_words::split(args).unwrap()))
}

/// The path of the kept text.
fn kept(run: &Run) -> String {
    run.stderr.split("your text is kept in ").nth(1).expect("a path").trim().to_owned()
}

fn with_image() -> Client {
    let client = Client::new();
    client.ok("image register fcos --kernel fcos/vmlinuz --param 'a=[1, \"x\"]'");
    client
}

#[test]
fn what_is_edited_is_saved_at_its_revision() {
    let client = with_image();
    let run = edit(&client, "image edit fcos", "sed -i 's,fcos/vmlinuz,fcos/new,' \"$1\"");
    assert_eq!(
        (run.exit, run.stdout.as_str()),
        (0, "image/fcos updated\n  field: before → after\n"),
        "{run}"
    );
    assert_eq!(client.fake.state.lock().unwrap().images.0["fcos"].kernel, "fcos/new");
}

#[test]
fn the_editor_sees_the_document_with_advice() {
    let client = with_image();
    let run =
        edit(&client, "image edit fcos", "cat \"$1\" >&2; case $1 in *.yaml) echo suffix ok >&2;; esac");
    insta::assert_snapshot!(run, @r#"
    exit 0
    --- stderr
    #~ image/fcos at catalog revision 1. Lines that begin with #~ up here are not part of it.
    #~ Fields: name, kernel, initrds, rootfs, args, arch, labels, params, declares, templates.
    noun: image
    name: fcos
    kernel: fcos/vmlinuz
    params:
      a:
      - 1
      - x
    suffix ok
    no change: image/fcos
    "#);
}

#[test]
fn a_refused_text_is_kept() {
    let client = with_image();
    let run = edit(&client, "image edit fcos", "echo 'kernal: x' >> \"$1\"");
    assert_eq!(run.exit, 4, "{run}");
    assert!(run.stderr.contains("kernal"), "{run}");
    let path = kept(&run);
    let text = fs::read_to_string(&path).unwrap();
    fs::remove_file(path).unwrap();
    assert!(text.starts_with("noun: image\nname: fcos\n") && text.ends_with("kernal: x\n"), "{text}");
}

#[test]
fn a_name_can_not_be_edited() {
    let client = with_image();
    let run = edit(&client, "image edit fcos", "sed -i 's/name: fcos/name: other/' \"$1\"");
    fs::remove_file(kept(&run)).unwrap();
    assert_eq!(run.exit, 4);
    assert!(run.stderr.starts_with("error: the name \"fcos\" can not be changed to \"other\"\n"), "{run}");
    assert_eq!(client.fake.state.lock().unwrap().images.0.len(), 1);
}

#[test]
fn a_lost_race_keeps_the_text_and_says_both_revisions() {
    let client = with_image();
    let script = "\"$CLIENT\" image register fcos --kernel theirs >&2; sed -i 's,fcos/vmlinuz,mine,' \"$1\"";
    let run = edit(&client, "image edit fcos", script);
    let path = kept(&run);
    assert!(fs::read_to_string(&path).unwrap().contains("kernel: mine"));
    fs::remove_file(path).unwrap();
    assert_eq!(run.exit, 5, "{run}");
    assert!(run.stderr.contains("you edited image/fcos at revision 1, it is at revision 2 now"), "{run}");
    assert_eq!(client.fake.state.lock().unwrap().images.0["fcos"].kernel, "theirs");
}

#[test]
fn an_editor_that_fails_changes_nothing() {
    let client = with_image();
    let run = edit(&client, "image edit fcos", "echo 'kernel: x' > \"$1\"; exit 3");
    assert_eq!(run.exit, 1, "{run}");
    assert!(run.stderr.contains("failed (exit status: 3); nothing was changed"), "{run}");
    assert_eq!(client.fake.state.lock().unwrap().revision, 1);
}

#[test]
fn templates_are_edited_as_their_source() {
    let client = Client::new();
    assert_eq!(client.run_with("template register hello --kind ipxe -f -", "#!ipxe\nboot\n").exit, 0);
    let script = "case $1 in *.ipxe.j2) sed -i s/boot/shell/ \"$1\";; esac";
    let run = edit(&client, "template edit hello -m 'why not'", script);
    assert_eq!(
        (run.exit, run.stdout.as_str()),
        (0, "template/hello updated, revision 2\n  field: before → after\n")
    );
    assert_eq!(client.ok("template show hello").stdout, "#!ipxe\nshell\n");
    assert!(client.ok("template history hello").stdout.contains("why not"));
}

#[test]
fn a_built_in_template_is_overridden_unless_somebody_was_faster() {
    let client = Client::new();
    let built_in = pxe_init::proto::pxe_init::Template {
        name: "coreos".to_owned(),
        kind: "ipxe".to_owned(),
        source: "#!ipxe\nboot\n".to_owned(),
        origin: "built-in".to_owned(),
        ..Default::default()
    };
    client.fake.state.lock().unwrap().templates.0.insert("coreos".to_owned(), built_in);
    let register =
        "printf '#!ipxe' | \"$CLIENT\" template register coreos --kind ipxe -f - >&2; echo shell >> \"$1\"";
    let run = edit(&client, "template edit coreos", register);
    fs::remove_file(kept(&run)).unwrap();
    assert_eq!(run.exit, 5, "{run}");
    assert_eq!(client.ok("template show coreos").stdout, "#!ipxe");

    client.fake.state.lock().unwrap().templates.0.get_mut("coreos").unwrap().revision = 0;
    let run = edit(&client, "template edit coreos", "cat \"$1\" >&2; echo shell >> \"$1\"");
    assert_eq!(run.exit, 0, "{run}");
    assert!(run.stderr.contains("#~ It is built in"), "{run}");
}
