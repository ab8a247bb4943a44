//! A server that is away, a command line that is wrong, a reader that leaves.

use std::io::Read as _;
use std::process::Stdio;

use super::run::{Client, bare, finish};

#[test]
fn a_server_that_is_away_is_named() {
    let run = finish(bare().args(["--grpc-endpoint", "grpc://127.0.0.1:1", "image", "list"]));
    insta::assert_snapshot!(run, @r#"
    exit 6
    --- stderr
    error: grpc://127.0.0.1:1: Connection refused (os error 111)
    hint: is the server running there? --grpc-endpoint or PXE_INIT_ENDPOINT names another, --timeout waits longer
    "#);
}

#[test]
fn a_server_that_is_slow_is_not_waited_for() {
    let client = Client::new();
    insta::with_settings!({filters => vec![(r"127\.0\.0\.1:\d+", "HOST:PORT")]}, {
        insta::assert_snapshot!(client.run("--timeout 200ms image get slow"), @r#"
        exit 6
        --- stderr
        error: grpc://HOST:PORT: there was no answer in time
        hint: is the server running there? --grpc-endpoint or PXE_INIT_ENDPOINT names another, --timeout waits longer
        "#);
    });
}

#[test]
fn a_server_that_speaks_something_else_is_told_apart() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("grpc://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut greeting = [0; 24];
        stream.read_exact(&mut greeting).unwrap();
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let run = finish(bare().args(["--grpc-endpoint", &endpoint, "image", "list"]));
    server.join().unwrap();
    assert_eq!(run.exit, 6, "{run}");
    assert!(run.stderr.contains("gRPC port, and not its HTTP port"), "{run}");
}

#[test]
fn wrong_command_lines_exit_2_and_say_what_to_write() {
    for (args, part) in [
        ("", "Usage: pxe-init-client [OPTIONS] <COMMAND>"),
        ("images list", "a similar subcommand exists: 'image'"),
        ("image register", "required arguments were not provided"),
        ("image register a -f x --kernel k", "cannot be used with"),
        ("image register a --template pxe=x", "use one of ipxe, ignition"),
        ("image register a --param disk=1 --param disk=2", "--param disk=… is given twice"),
        ("machine register a --label rack", "write KEY=VALUE"),
        ("template register a --kind pxe -f x", "possible values: ipxe, ignition"),
        ("template rollback a --revision 0", "0 is not in 1.."),
        ("image list --limit 0", "0 is not in 1.."),
        ("image list -o xml", "possible values: table, wide, json, yaml, name"),
        ("--timeout 5 image list", "write a number with its unit"),
        (
            "--grpc-endpoint grpc://boot:5000 --token abc list-images",
            "there is no TLS, so that others could read the token",
        ),
        ("--grpc-endpoint grpc://127.0.0.1:1 --ca ca.pem list-images", "write grpcs:// in --grpc-endpoint"),
        ("--grpc-endpoint grpcs://boot:5000 --cert Cargo.toml list-images", "--cert and --key go together"),
        ("--token a --token-file b list-images", "cannot be used with"),
        ("register-machine-image --mac-address 52:54:00:12:34:56", "--image-name <IMAGE>"),
        ("completion csh", "possible values: bash, elvish, fish, powershell, zsh"),
    ] {
        let client = Client::new();
        let run = client.run(args);
        assert_eq!((run.exit, run.stdout.as_str()), (2, ""), "{args}\n{run}");
        assert!(run.stderr.contains(part), "{args}\n{run}");
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let client = Client::new();
    let documents: String =
        (0..40).map(|i| format!("- name: m{i}\n  serial: {}\n", "s".repeat(200))).collect();
    assert_eq!(client.run_with("machine register -f -", &documents).exit, 0);
    let mut command = client.command();
    command.args(["machine", "list", "-o", "yaml"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn the_server_learns_who_calls() {
    let client = Client::new();
    client.ok("image register local");
    assert_eq!(client.fake.state.lock().unwrap().user, "ada");
}

#[test]
fn help_goes_to_standard_output() {
    let mut paths = vec![Vec::<String>::new()];
    while let Some(path) = paths.pop() {
        let mut command = &pxe_init::client::command();
        for name in &path {
            command = command.find_subcommand(name).unwrap();
        }
        paths.extend(
            command.get_subcommands().map(|child| [&path[..], &[child.get_name().to_owned()]].concat()),
        );
        let run = finish(bare().args(&path).arg("--help"));
        assert_eq!((run.exit, run.stderr.as_str()), (0, ""), "{path:?}");
        assert!(run.stdout.contains(&format!("Usage: pxe-init-client {}", path.join(" "))), "{run}");
    }
}

/// `--kernel "$KERNEL"` with a variable that is not set would make an image that boots the local disk.
#[test]
fn an_empty_value_is_not_taken_for_none() {
    let client = Client::new();
    for line in ["image register x --kernel", "machine register x --uuid", "rule register x --image"] {
        let mut command = client.command();
        command.args(line.split(' ')).arg("");
        let run = finish(&mut command).to_string();
        assert!(run.contains("exit 2") && run.contains("a value is required"), "{line}: {run}");
    }
}

#[test]
fn a_request_that_is_too_large_says_how_large_it_may_be() {
    let client = Client::new();
    let run = client.run_with("template register t --kind text -f -", &"x".repeat(5 << 20)).to_string();
    assert!(run.contains("exit 4") && run.contains("which is 4 MiB"), "{run}");
}
