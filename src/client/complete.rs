//! Shell completion, also of the names that live on the server.

mod journal;
mod params;
mod token;

use std::ffi::OsStr;
use std::io::{self, Write as _};
use std::time::Duration;

use clap::{Args, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, ValueCompleter};
use clap_complete::env::{CompleteEnv, Shells};

use super::api::Api;
use super::connect::Target;
use super::failure::{Exit, Failure};
use super::nouns::image::Image;
use super::nouns::machine::Machine;
use super::nouns::rule::Rule;
use super::nouns::template::Template;
use super::resource::Resource;
use crate::domain::{Kind, Noun};
use crate::proto::pxe_init::ListOptions;

/// The variable by which the shell's script asks for completions.
const VARIABLE: &str = "COMPLETE";

/// A person who presses Tab waits no longer than this.
const PATIENCE: Duration = Duration::from_millis(700);

/// A terminal shows no more than this at a time.
const MAX_NAMES: u32 = 200;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  source <(pxe-init-client completion bash)
  pxe-init-client completion fish > ~/.config/fish/completions/pxe-init-client.fish")]
pub(super) struct CompletionArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_parser = ["bash", "elvish", "fish", "powershell", "zsh"])]
    shell: String,
}

/// Answers the shell, if it was the shell that asked.
pub(super) fn answer() -> Result<bool, Failure> {
    let here = std::env::current_dir().ok();
    CompleteEnv::with_factory(super::cli::command)
        .var(VARIABLE)
        .try_complete(std::env::args_os(), here.as_deref())
        .map_err(|error| Failure::new(Exit::Usage, error.to_string().trim().trim_start_matches("error: ")))
}

/// Prints the script that makes the shell ask.
pub(super) fn print_script(args: &CompletionArgs) -> Result<Exit, Failure> {
    let unknown = || Failure::new(Exit::Usage, format!("the shell {:?} is not supported", args.shell));
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell).ok_or_else(unknown)?;
    let name = "pxe-init-client";
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, name, name, name, &mut script)?;
    io::stdout().write_all(&script)?;
    Ok(Exit::Ok)
}

/// The grammar with completers where names of the server go.
pub(super) fn with_names(command: Command) -> Command {
    command.mut_subcommands(|command| match command.get_name() {
        "image" => with_names_of(command, Noun::Image),
        "template" => with_names_of(command, Noun::Template),
        "machine" => with_names_of(command, Noun::Machine),
        "rule" => with_names_of(command, Noun::Rule),
        "boots" => journal::complete(command),
        "token" => token::complete(command),
        "preview" | "explain" => complete_arg(command, "machine", Names(Noun::Machine)),
        "register-machine-image" => complete_arg(command, "image_name", Names(Noun::Image)),
        _ => command,
    })
}

fn with_names_of(verbs: Command, noun: Noun) -> Command {
    verbs.mut_subcommands(|verb| {
        verb.mut_args(|arg| match arg.get_id().as_str() {
            "name" | "names" => arg.add(ArgValueCompleter::new(Names(noun))),
            "image" => arg.add(ArgValueCompleter::new(Names(Noun::Image))),
            "templates" => arg.add(ArgValueCompleter::new(templates_by_kind)),
            "discovered" => arg.add(ArgValueCompleter::new(journal::discovered)),
            "params" => arg.add(ArgValueCompleter::new(params::complete)),
            _ => arg,
        })
    })
}

fn complete_arg(command: Command, id: &str, names: Names) -> Command {
    command.mut_arg(id, |arg| arg.add(ArgValueCompleter::new(names)))
}

/// Completes the names of one noun.
struct Names(Noun);

impl ValueCompleter for Names {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let current = current.to_string_lossy();
        names(self.0, &current).into_iter().map(CompletionCandidate::new).collect()
    }
}

/// Completes KIND=TEMPLATE.
fn templates_by_kind(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let whole: Vec<String> = match current.split_once('=') {
        None => Kind::ALL.into_iter().map(|kind| format!("{kind}=")).collect(),
        Some((kind, prefix)) => {
            names(Noun::Template, prefix).into_iter().map(|name| format!("{kind}={name}")).collect()
        }
    };
    let matching = whole.into_iter().filter(|candidate| candidate.starts_with(&*current));
    matching.map(CompletionCandidate::new).collect()
}

/// The names on the server that begin so; none when it is away, since a prompt is no place for errors.
fn names(noun: Noun, prefix: &str) -> Vec<String> {
    asked(async |api| match noun {
        Noun::Image => fetch::<Image>(api, prefix).await,
        Noun::Template => fetch::<Template>(api, prefix).await,
        Noun::Machine => fetch::<Machine>(api, prefix).await,
        Noun::Rule => fetch::<Rule>(api, prefix).await,
    })
}

/// What the server says to `ask`, if it does so in time.
fn asked<T>(ask: impl AsyncFnOnce(&Api) -> Result<Vec<T>, Failure>) -> Vec<T> {
    let Some(target) = Target::unfinished(|option| given(option).pop()) else { return Vec::new() };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return Vec::new();
    };
    let answer = async {
        let api = Api::new(target, PATIENCE)?;
        ask(&api).await
    };
    let answer = runtime.block_on(async { tokio::time::timeout(PATIENCE, answer).await });
    answer.ok().and_then(Result::ok).unwrap_or_default()
}

async fn fetch<T: Resource>(api: &Api, prefix: &str) -> Result<Vec<String>, Failure> {
    let is_plain = prefix.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    let filter = match prefix {
        "" => String::new(),
        prefix if is_plain => format!("name={prefix}*"),
        _ => return Ok(Vec::new()),
    };
    let page = T::list(api, ListOptions { page_size: MAX_NAMES, page_token: String::new(), filter }).await?;
    let names = page.rows.iter().map(|row| row.name().to_owned());
    Ok(names.filter(|name| name.starts_with(prefix)).collect())
}

/// What the unfinished command line gives to an option, each time.
fn given(option: &str) -> Vec<String> {
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let value = |(i, word): (usize, &String)| match word.strip_prefix(option)? {
        "" => words.get(i + 1).cloned(),
        rest => rest.strip_prefix('=').map(str::to_owned),
    };
    words.iter().enumerate().filter_map(value).collect()
}
