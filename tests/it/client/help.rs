//! `--help` of every command: the grammar that scripts rely on.

use super::run::{bare, finish};

#[test]
fn every_command_has_its_help() {
    let mut text = String::new();
    collect(&pxe_init::client::command(), &mut Vec::new(), &mut text);
    insta::assert_snapshot!(text);
}

fn collect(command: &clap::Command, path: &mut Vec<String>, text: &mut String) {
    let run = finish(bare().args(&*path).arg("--help"));
    assert_eq!((run.exit, run.stderr.as_str()), (0, ""), "{path:?}");
    let title = std::iter::once("pxe-init-client").chain(path.iter().map(String::as_str)).collect::<Vec<_>>();
    *text += &format!("======== {}\n{}\n", title.join(" "), without_globals(&run.stdout, path.is_empty()));
    for child in command.get_subcommands() {
        path.push(child.get_name().to_owned());
        collect(child, path, text);
        path.pop();
    }
}

/// The global options are the same everywhere; once is enough.
fn without_globals(help: &str, keep: bool) -> String {
    match help.find("Global options:") {
        Some(start) if !keep => {
            let rest = &help[start..];
            let end = rest
                .find("\n\n")
                .filter(|end| !rest[*end + 2..].starts_with(' '))
                .map_or("", |i| &rest[i + 2..]);
            let after = ["Examples:", "The document goes"]
                .iter()
                .find_map(|word| rest.find(word))
                .map_or(end, |i| &rest[i..]);
            format!("{}{after}", &help[..start])
        }
        _ => help.to_owned(),
    }
}
