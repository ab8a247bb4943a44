//! The load tool against a real server: that it runs, counts what it should, and sees a wrong answer.
//!
//! What it measures here means nothing: the programs are debug builds, and the rounds are short.

#![allow(clippy::print_stdout, reason = "tests say that they skip")]
#![allow(clippy::unwrap_used, reason = "a test that can not go on panics")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The programs beside the load tool; none if cargo was asked for the load tool alone.
fn programs() -> Option<PathBuf> {
    let directory = Path::new(env!("CARGO_BIN_EXE_pxe-init-load")).parent()?;
    let are_there = ["pxe-init-server", "pxe-init-client"].iter().all(|name| directory.join(name).is_file());
    are_there.then(|| directory.to_owned())
}

fn load(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pxe-init-load")).args(arguments).output().unwrap()
}

fn result(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_way_of_asking_is_answered() {
    if programs().is_none() {
        println!("SKIPPED load::every_way_of_asking_is_answered: the server and the client are not built");
        return;
    }
    let runs: [&[&str]; 6] = [
        &["--mode", "kept", "--sequence", "ipxe"],
        &["--mode", "keep-alive", "--sequence", "ignition"],
        &["--mode", "new-connection", "--sequence", "nocloud"],
        &["--mode", "storm", "--sequence", "boot"],
        &["--mode", "kept", "--rate", "50"],
        &["--mode", "new-connection", "--rate", "50", "--arrivals", "constant", "--from-snapshot"],
    ];
    for run in runs {
        let all = [&["run", "-n", "20", "--rules", "5", "--duration", "0.3", "-o", "json"], run].concat();
        let result = result(&load(&all));
        let count = |outcome: &str| result["counts"][outcome].as_u64().unwrap();
        assert!(count("good") > 0, "{run:?}: {result}");
        for outcome in ["refused", "wrong", "reset", "timed_out", "connect_failed", "not_asked"] {
            assert_eq!(count(outcome), 0, "{run:?}: {outcome}: {result}");
        }
        assert!(result["good_ms"]["p50"].as_f64().unwrap() > 0.0, "{run:?}: {result}");
        if run.contains(&"storm") {
            assert_eq!(count("good"), 40, "two questions of each machine");
        }
    }
}

#[test]
fn the_yardstick_can_be_compared_with() {
    if programs().is_none() {
        println!("SKIPPED load::the_yardstick_can_be_compared_with: the server and the client are not built");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let document = directory.path().join("performance.md");
    let arguments = [
        "bench",
        "--only",
        "ratio",
        "--rounds",
        "1",
        "--turn",
        "0.2",
        "--machines",
        "50",
        "-o",
        "json",
        "--document",
    ];
    let result = result(&load(&[&arguments[..], &[document.to_str().unwrap()]].concat()));
    let ratios = result["ratio"].as_array().unwrap();
    assert_eq!(ratios.len(), 3, "{result}");
    assert!(ratios.iter().all(|ratio| ratio["cpu_ratio"].is_number()), "{result}");
    assert_eq!(result["verdicts"].as_array().unwrap().len(), 4, "{result}");
    let text = std::fs::read_to_string(document).unwrap();
    assert!(
        text.contains("| new connections: CPU of an answer against a static answer | ≤ 1.1× |"),
        "{text}"
    );
    assert!(!text.contains("{{"), "{text}");
}

/// Gives machine 0 a script, and everybody else the script of machine 0, but only after the tool has learned.
#[test]
fn the_script_of_another_machine_is_wrong() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for (i, stream) in listener.incoming().enumerate() {
            let (mut stream, mut request) = (stream.unwrap(), [0; 2048]);
            let length = stream.read(&mut request).unwrap();
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            let mac = text.split("mac=").nth(1).unwrap()[..17].replace('-', ":");
            // Three answers teach it.
            let mac = if i < 3 { &mac } else { "52:54:00:00:00:00" };
            let body = format!("#!ipxe\nkernel vmlinuz bond={mac}\nboot\n");
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
    });
    let arguments =
        ["run", "--target", &address, "--mode", "storm", "--sequence", "ipxe", "-n", "4", "-o", "json"];
    let output = load(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&result["counts"]["good"], &result["counts"]["wrong"]), (&1.into(), &3.into()), "{result}");
    let problem = result["problems"][0].as_str().unwrap();
    assert!(problem.contains("bond=52:54:00:00:00:00") && problem.contains("was expected"), "{problem}");
}

#[test]
fn what_can_not_be_done_is_said() {
    let output = load(&["run", "--server", "/nowhere/server"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "error: /nowhere/server is not there; build it, or name another with --server\n");
    let output = load(&["run", "--rate", "fast"]);
    assert_eq!(output.status.code(), Some(2));
}
