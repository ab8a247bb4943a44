//! What the client asks when somebody sits at a terminal.

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use super::real::Site;
use super::run::Client;

/// Runs the client in a terminal that `script` (util-linux, on every Debian) makes, and types `answers`.
fn at_a_terminal(client: &Client, args: &str, editor: &str, answers: &str) -> (i32, String) {
    typed(client.fake.address, args, editor, answers)
}

fn typed(server: SocketAddr, args: &str, editor: &str, answers: &str) -> (i32, String) {
    let mut command = Command::new("script");
    let line = format!("{} {args}", env!("CARGO_BIN_EXE_pxe-init-client"));
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command
        .env("PXE_INIT_ENDPOINT", format!("grpc://{server}"))
        .env("VISUAL", editor)
        .env("SHELL", "/bin/sh");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(answers.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap().replace('\r', ""))
}

#[test]
fn delete_asks_first() {
    let client = Client::new();
    client.ok("image register local");
    let (exit, screen) = at_a_terminal(&client, "image delete local", "vi", "n\n");
    assert!(screen.contains("delete image local? [y/N]") && screen.contains("nothing deleted"), "{screen}");
    assert_eq!(exit, 1);
    assert_eq!(client.fake.state.lock().unwrap().images.0.len(), 1);
    let (exit, screen) = at_a_terminal(&client, "image delete local", "vi", "y\n");
    assert!(screen.contains("image/local deleted"), "{screen}");
    assert_eq!(exit, 0);
}

#[test]
fn prune_asks_first() {
    let site = Site::start();
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.yaml"), "noun: image\nname: new\nlabels: {site: b1}\n").unwrap();
    site.ok("image register old --label site=b1");
    let args = format!("apply -f {} --prune -l site=b1", directory.path().display());
    let (exit, screen) = typed(site.address(), &args, "vi", "n\n");
    assert!(screen.contains("image/old is to be deleted\ndelete 1 of them? [y/N]"), "{screen}");
    assert!(screen.contains("nothing changed"), "{screen}");
    assert_eq!((exit, site.ok("image list -o name").stdout.as_str()), (1, "image/old\n"));
    let (exit, screen) = typed(site.address(), &args, "vi", "y\n");
    assert!(screen.contains("image/new created\nimage/old deleted\n"), "{screen}");
    assert_eq!((exit, site.ok("image list -o name").stdout.as_str()), (0, "image/new\n"));
    let (exit, screen) =
        typed(site.address(), &format!("delete --yes -f {}", directory.path().display()), "vi", "");
    assert!(!screen.contains("[y/N]") && screen.contains("image/new deleted"), "{screen}");
    assert_eq!(exit, 0);
}

#[test]
fn a_refused_text_can_be_mended() {
    let client = Client::new();
    client.ok("image register local");
    let directory = tempfile::tempdir().unwrap();
    let editor = directory.path().join("editor");
    // First breaks the text, then takes the broken line out, and shows what it was given.
    fs::write(&editor, "#!/bin/sh\nif grep -q kernal $1; then cat $1; sed -i s/kernal/kernel/ $1; else echo 'kernal: k' >> $1; fi\n").unwrap();
    let (exit, screen) =
        at_a_terminal(&client, "image edit local", &format!("sh {}", editor.display()), "y\n");
    assert!(screen.contains("edit again? [y/N]"), "{screen}");
    assert!(
        screen.contains(
            "#~ error: the edited text:3:1: image local: \"kernal\" is unknown here; did you mean kernel?"
        ),
        "{screen}"
    );
    assert!(screen.contains("image/local updated"), "{screen}");
    assert_eq!(exit, 0, "{screen}");
    assert_eq!(client.fake.state.lock().unwrap().images.0["local"].kernel, "k");
}
