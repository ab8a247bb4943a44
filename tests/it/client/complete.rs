//! Completion as a shell asks for it.

use super::run::{Client, bare, finish};

pub(super) fn complete(command: &mut std::process::Command, words: &[&str]) -> Vec<String> {
    command
        .env("COMPLETE", "bash")
        .env("_CLAP_IFS", "\n")
        .env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    let run = finish(command.args(["--", "pxe-init-client"]).args(words));
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""), "{words:?}");
    run.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn live_names_are_completed() {
    let client = Client::new();
    for name in ["fcos", "debian", "fedora"] {
        client.ok(&format!("image register {name}"));
    }
    client.ok("machine register web-1 --serial a");
    let run = client.run_with("template register coreos --kind ipxe -f -", "#!ipxe\n");
    assert_eq!(run.exit, 0);
    for (words, names) in [
        (&["image", "get", "f"] as &[_], &["fcos", "fedora"] as &[_]),
        (&["image", "delete", "debian", "fe"], &["fedora"]),
        (&["machine", "register", "new", "--image", "d"], &["debian"]),
        (&["explain", "w"], &["web-1"]),
        (&["register-machine-image", "--image-name", "fc"], &["fcos"]),
        (&["image", "register", "x", "--template", "ipxe=c"], &["ipxe=coreos"]),
        (&["image", "register", "x", "--template", "k"], &["kickstart="]),
        (&["template", "register", "x", "--kind", "net"], &["network-config"]),
        (&["rule", "get", "x"], &[]),
    ] {
        assert_eq!(complete(&mut client.command(), words), names, "{words:?}");
    }
}

#[test]
fn a_server_that_is_away_completes_nothing_and_says_nothing() {
    assert!(
        complete(&mut bare(), &["--grpc-endpoint", "grpc://127.0.0.1:1", "image", "get", "f"]).is_empty()
    );
}

#[test]
fn every_shell_has_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = finish(bare().args(["completion", shell]));
        assert_eq!((run.exit, run.stderr.as_str()), (0, ""), "{shell}");
        assert!(run.stdout.contains("COMPLETE"), "{run}");
    }
}
