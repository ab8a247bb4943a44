//! The command line client: nouns and verbs, and how their answers are printed.
//!
//! A command is parsed by [`cli`], gets a [`session`] with the server, and prints its answer through [`mod@print`]. What the
//! four nouns have in common is in [`resource`], each of them in [`nouns`], and what can be done with all of them in
//! [`verbs`].

mod api;
mod audit;
mod boot;
mod boots;
mod cli;
mod complete;
mod connect;
mod discovered;
mod document;
mod duration;
mod edit_text;
mod endpoint;
mod environment;
mod explain;
mod failure;
mod first_system;
mod import;
mod lint;
mod manifests;
mod nouns;
mod pairs;
mod plan;
mod print;
mod progress;
mod resource;
mod session;
mod stored;
mod table;
mod template_test;
mod token;
mod verbs;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::ErrorKind;

pub use cli::command;

use crate::man;
use cli::{Cli, Command};
use failure::{Exit, Failure};
use nouns::template::TemplateVerb;
use print::Output;
use session::Session;

/// Runs the command line of this process and gives its exit code.
pub fn main() -> ExitCode {
    match complete::answer() {
        Ok(true) => return Exit::Ok.into(),
        Ok(false) => {}
        Err(failure) => return conclude(Err(failure)),
    }
    match cli::parse(std::env::args_os().collect::<Vec<OsString>>()) {
        Ok(cli) => conclude(run(cli)),
        Err(error) => {
            // Nobody may be reading; there is no one left to tell then.
            let _ = error.print();
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Ok.into(),
                _ => Exit::Usage.into(),
            }
        }
    }
}

fn conclude(result: Result<Exit, Failure>) -> ExitCode {
    match result {
        Ok(exit) => exit.into(),
        Err(Failure { exit: Exit::Ok, .. }) => Exit::Ok.into(),
        Err(failure) => {
            let _ = write!(io::stderr(), "{failure}");
            failure.exit.into()
        }
    }
}

fn run(cli: Cli) -> Result<Exit, Failure> {
    if let Command::Completion(args) = &cli.command {
        return complete::print_script(args);
    }
    if let Command::Man(args) = &cli.command {
        return man::write(command(), args).map(|()| Exit::Ok).map_err(|why| Failure::new(Exit::Other, why));
    }
    // Mostly works without a server.
    if let Command::Lint(args) = &cli.command {
        return lint::run(args, &cli.global);
    }
    if cli.global.output == Output::Sarif {
        return Err(Failure::new(Exit::Usage, "-o sarif is for lint only"));
    }
    if let Command::Template(TemplateVerb::Test(args)) = cli.command {
        return template_test::run(args, cli.global.output, cli.global.quiet);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let endpoint = cli.global.connect.endpoint.clone();
    runtime.block_on(dispatch(cli)).map_err(|failure| failure.at(&endpoint))
}

async fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    let mut session = Session::new(&cli.global)?;
    let session = &mut session;
    match cli.command {
        Command::Image(verb) => verbs::run(session, verb).await,
        Command::Machine(verb) => nouns::machine::run(session, verb).await,
        Command::Rule(verb) => verbs::run(session, verb).await,
        Command::Template(verb) => nouns::template::run(session, verb).await,
        Command::Audit(verb) => audit::run(session, verb).await,
        Command::Boots(verb) => boots::run(session, verb).await,
        Command::Token(verb) => token::run(session, verb).await,
        Command::Whoami => token::whoami(session).await,
        Command::Preview(args) => boot::preview(session, args).await,
        Command::Explain(args) => explain::explain(session, args).await,
        Command::Apply(args) => manifests::apply(session, args).await,
        Command::Diff(args) => manifests::diff(session, args).await,
        Command::Plan(args) => {
            plan::plan(session, manifests::changes(&session.api, args.wanted).await?).await
        }
        Command::Export(args) => manifests::export(session, args).await,
        Command::Delete(args) => manifests::delete(session, args).await,
        Command::Import(args) => import::run(session, args).await,
        Command::ListImages => first_system::list_images(session).await,
        Command::RegisterMachineImage(args) => first_system::register_machine_image(session, args).await,
        Command::Completion(_) | Command::Lint(_) | Command::Man(_) => Ok(Exit::Ok),
    }
}
