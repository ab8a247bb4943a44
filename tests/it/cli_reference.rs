//! `docs/cli.md` is what the client's grammar says of itself.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use clap::Command;

const HEAD: &str = "\
# pxe-init-client

Generated from the client's own `--help` by `UPDATE_DOCS=1 cargo test cli_reference`; do not edit.

Data goes to standard output, everything else to standard error. The options under *Global options* go with every
command, before or after its name.

Environment: `PXE_INIT_ENDPOINT` is the default of `--grpc-endpoint`; `PXE_INIT_TOKEN` is a token, and `PXE_INIT_TOKEN_FILE` a
file that has one, where no option gives it; `PXE_INIT_CA`, `PXE_INIT_CERT` and
`PXE_INIT_KEY` are the files of `--ca`, `--cert` and `--key`; `VISUAL` or `EDITOR` is the editor of `edit`; `USER` or
`LOGNAME` is the name that the server writes down for a change.

";

#[test]
fn the_reference_is_up_to_date() {
    let mut command = pxe_init::client::command().term_width(100);
    command.build();
    let mut text = HEAD.to_owned();
    describe(&mut command, &mut Vec::new(), &mut text);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &text).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == text, "docs/cli.md is out of date: run UPDATE_DOCS=1 cargo test cli_reference");
}

fn describe(command: &mut Command, path: &mut Vec<String>, text: &mut String) {
    path.push(command.get_name().to_owned());
    let help = command.render_long_help().to_string();
    let help = if path.len() == 1 { help } else { without_globals(&help) };
    let help: String = help.trim_end().lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    write!(text, "{} {}\n\n```text\n{help}```\n\n", "#".repeat(path.len().min(2) + 1), path.join(" "))
        .unwrap();
    for child in command.get_subcommands_mut().filter(|child| child.get_name() != "help") {
        describe(child, path, text);
    }
    path.pop();
}

/// The global options are the same everywhere: the first section has them.
fn without_globals(help: &str) -> String {
    let Some((before, globals)) = help.split_once("Global options:") else {
        return help.to_owned();
    };
    // What follows the options is not indented.
    let after = globals
        .match_indices("\n\n")
        .find(|(i, _)| globals[i + 2..].starts_with(|c: char| c.is_alphabetic()));
    format!("{before}{}", after.map_or("", |(i, _)| &globals[i + 2..]))
}
