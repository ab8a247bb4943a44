//! The second half of `docs/configuration.md` is what the server says of its own flags and settings.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

const MARK: &str =
    "<!-- Generated from here on by `UPDATE_DOCS=1 cargo test server_reference`; do not edit. -->\n";

#[test]
fn the_reference_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    let stored = fs::read_to_string(&path).unwrap();
    let prose = stored.split(MARK).next().unwrap().trim_end();
    let text = format!("{prose}\n\n{MARK}{}", reference());
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &text).unwrap();
        return;
    }
    assert!(
        stored == text,
        "docs/configuration.md is out of date: run UPDATE_DOCS=1 cargo test server_reference"
    );
}

/// Commands first, then settings.
fn reference() -> String {
    let mut command = pxe_init::server::command().term_width(100);
    command.build();
    let mut text = "\n## Commands\n\n".to_owned();
    block(&mut text, "pxe-init-server", "text", &command.render_long_help().to_string());
    for name in ["serve", "migrate"] {
        let help = command.find_subcommand_mut(name).unwrap().render_long_help().to_string();
        let help = if name == "migrate" { "Takes the flags of `serve`.".to_owned() } else { help };
        block(&mut text, &format!("pxe-init-server {name}"), "text", &help);
    }
    let create = command.find_subcommand_mut("token").unwrap().find_subcommand_mut("create").unwrap();
    let help = create.render_long_help().to_string();
    // The rest are the flags of `serve`.
    let help = help.split("\nMachines:").next().unwrap();
    block(
        &mut text,
        "pxe-init-server token create",
        "text",
        &format!("{help}\nTakes the flags of `serve` too."),
    );
    for name in ["healthcheck", "man"] {
        // The flags of `serve` need no second page.
        let own =
            command.find_subcommand(name).unwrap().clone().mut_args(|arg| match arg.get_id().as_str() {
                "ready" | "seconds" | "directory" | "help" => arg,
                _ => arg.hide(true),
            });
        let help = own.bin_name(format!("pxe-init-server {name}")).render_long_help().to_string();
        let more = if name == "healthcheck" { "Takes the flags of `serve` too.\n\n" } else { "" };
        block(&mut text, &format!("pxe-init-server {name}"), "text", &format!("{more}{help}"));
    }
    for name in ["init", "client"] {
        let certs = command.find_subcommand_mut("certs").unwrap();
        let help = certs.find_subcommand_mut(name).unwrap().render_long_help().to_string();
        block(&mut text, &format!("pxe-init-server certs {name}"), "text", &help);
    }
    let config = command.find_subcommand_mut("config").unwrap();
    block(&mut text, "pxe-init-server config", "text", &config.render_long_help().to_string());
    text.push_str("## Settings\n\n");
    write!(text, "```toml\n{}```\n", pxe_init::config::DEFAULTS).unwrap();
    text
}

fn block(text: &mut String, title: &str, language: &str, help: &str) {
    let help: String = help.trim_end().lines().map(|line| line.trim_end().to_owned() + "\n").collect();
    write!(text, "### {title}\n\n```{language}\n{help}```\n\n").unwrap();
}

/// Every key of the defaults is a key that a file can set, and the other way round.
#[test]
fn the_defaults_name_every_setting() {
    let shown = |name: &str| format!("{name} = ");
    let config = pxe_init::config::Config::load(None, [], Vec::new()).unwrap();
    let in_force = config.shown();
    for line in in_force.lines().filter(|line| line.contains(" = ")) {
        let key = line.split(" = ").next().unwrap();
        assert!(pxe_init::config::DEFAULTS.lines().any(|line| line.starts_with(&shown(key))), "{key}");
    }
}
