//! The real client on files, without a server.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// A directory with files in it, and the client there.
pub(super) struct Dir(tempfile::TempDir);

impl Dir {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        Self(dir)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn command(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pxe-init-client"));
        // Nothing listens there: no server is asked.
        command.env_clear().env("PXE_INIT_ENDPOINT", "grpc://127.0.0.1:1").env("PATH", self.0.path());
        command.current_dir(self.0.path()).args(shell_words::split(args).unwrap()).stdin(Stdio::null());
        command
    }

    pub(super) fn run(&self, args: &str) -> (i32, String, String) {
        let output = self.command(args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }
}

const CLEAN: &str = "#!ipxe\nchain http://h/x || goto failed\n:failed\nreboot\n";
const WARNS: &str = "#!ipxe\ndhcp\nexit 0\necho never\n";
const WRONG: &str = "#!ipxe\n\tkernel http://h/k || goto faild\nboot || goto failed\n:failed\nreboot\n";

#[test]
fn findings_look_as_a_compiler_prints_them() {
    let dir = Dir::new(&[("wrong.ipxe", WRONG), ("clean.ipxe", CLEAN)]);
    let (exit, stdout, stderr) = dir.run("lint wrong.ipxe clean.ipxe");
    assert_eq!((exit, stderr.as_str()), (4, "2 files: 1 error, 0 warnings, 0 infos\n"));
    insta::assert_snapshot!(stdout, @r"
    error[IPX020]: there is no label `faild`
     --> wrong.ipxe:2:28
      |
    2 | 	kernel http://h/k || goto faild
      | 	                          ^^^^^
      = help: did you mean `failed`?
    ");
}

/// A plain script may be called by another one, which handles its failure; a template is served as it is.
#[test]
fn a_failure_that_nobody_handles_is_worse_where_nobody_called() {
    let script = "#!ipxe\nkernel http://h/k\nboot\n";
    let dir = Dir::new(&[("a.ipxe", script), ("b.ipxe.j2", script)]);
    assert_eq!(dir.run("lint --severity warning a.ipxe").0, 0);
    assert_eq!(dir.run("lint --severity info a.ipxe").0, 4);
    assert_eq!(dir.run("lint --severity warning b.ipxe.j2").0, 4);
}

#[test]
fn the_exit_code_follows_the_severity() {
    let dir = Dir::new(&[("clean.ipxe", CLEAN), ("warns.ipxe", WARNS), ("wrong.ipxe", WRONG)]);
    for (args, exit) in [
        ("lint clean.ipxe", 0),
        ("lint --severity info clean.ipxe", 0),
        ("lint warns.ipxe", 0),
        ("lint --severity warning warns.ipxe", 4),
        ("lint wrong.ipxe", 4),
        ("lint missing.ipxe", 1),
        ("lint missing.ipxe wrong.ipxe", 4),
        ("lint", 2),
        ("lint --severity bad clean.ipxe", 2),
        ("lint --kind pxe clean.ipxe", 2),
        ("lint --kind text wrong.ipxe", 0),
        ("lint explain", 0),
        ("lint explain ipx030", 0),
        ("lint explain IPX999", 3),
        ("-o sarif image list", 2),
    ] {
        let (found, stdout, stderr) = dir.run(args);
        assert_eq!(found, exit, "{args}\n{stdout}{stderr}");
    }
}

#[test]
fn standard_input_is_a_file_too() {
    let dir = Dir::new(&[]);
    let mut child =
        dir.command("-o name lint -").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(WRONG.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "<stdin>:2:28:IPX020\n");
}

#[test]
fn what_is_no_text_is_named() {
    let dir = Dir::new(&[]);
    fs::write(dir.0.path().join("x.ipxe"), b"#!ipxe\n\xff").unwrap();
    let (exit, _, stderr) = dir.run("lint x.ipxe");
    assert_eq!(exit, 1);
    assert!(stderr.contains("x.ipxe: is not UTF-8 text"), "{stderr}");
}

#[test]
fn scripts_get_records() {
    let dir = Dir::new(&[("warns.ipxe", WARNS), ("clean.ipxe", CLEAN)]);
    let (_, stdout, _) = dir.run("lint -o json clean.ipxe warns.ipxe");
    let records: Vec<Value> = serde_json::from_str(&stdout).unwrap();
    let codes: Vec<&str> = records.iter().map(|record| record["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["IPX034"]);
    assert_eq!(records[0]["path"], "warns.ipxe");
    assert_eq!((&records[0]["line"], &records[0]["severity"]), (&4.into(), &"warning".into()));
    let (_, stdout, _) = dir.run("lint -o json clean.ipxe");
    assert_eq!(stdout, "[]\n");
}

#[test]
fn findings_are_explained() {
    let dir = Dir::new(&[]);
    let (_, stdout, _) = dir.run("lint explain IPX030");
    assert!(stdout.starts_with("IPX030 (warning): nobody handles the failure\n\n"), "{stdout}");
    assert!(stdout.lines().all(|line| line.chars().count() <= 82), "{stdout}");
    let (_, stdout, _) = dir.run("lint explain");
    assert_eq!(stdout.lines().count(), pxe_init::lint::rules().count());
}

fn tool(dir: &Dir, name: &str, script: &str) {
    let path = dir.0.path().join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn other_tools_are_asked_where_they_are() {
    let dir = Dir::new(&[
        ("x.ks", "text\n%include /tmp/x\n"),
        ("x.ign", "{\"ignition\": {\"version\": \"3.3.0\"}}"),
    ]);
    let (exit, _, stderr) = dir.run("lint --with-tools x.ks x.ign");
    assert_eq!(exit, 0);
    assert!(
        stderr.contains("note: ksvalidator was not found") && stderr.contains("note: ignition-validate was"),
        "{stderr}"
    );

    tool(&dir, "ksvalidator", "echo \"$1: line 2: bad; $(echo x)\" >&2; exit 1");
    tool(&dir, "ignition-validate", "exit 0");
    let (exit, stdout, stderr) = dir.run("-o json lint --with-tools x.ks x.ign");
    assert_eq!(exit, 4, "{stdout}{stderr}");
    let records: Vec<Value> = serde_json::from_str(&stdout).unwrap();
    assert_eq!(records.len(), 1, "{stdout}");
    assert_eq!((&records[0]["code"], &records[0]["line"]), (&"ksvalidator".into(), &2.into()));
    assert_eq!(records[0]["message"], "the file: line 2: bad; x");
}

#[test]
fn a_tool_that_does_not_answer_is_ended() {
    let dir = Dir::new(&[("x.grub", "echo\n")]);
    tool(&dir, "grub-script-check", "exec /bin/sleep 60");
    let started = std::time::Instant::now();
    let (exit, stdout, _) = dir.run("lint --with-tools x.grub");
    assert!(started.elapsed().as_secs() < 40, "{:?}", started.elapsed());
    assert_eq!(exit, 0, "no answer is a warning");
    assert!(stdout.contains("grub-script-check did not answer within 10 s"), "{stdout}");
}
