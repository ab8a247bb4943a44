//! Completes the names of tokens.

use std::ffi::OsStr;

use clap::Command;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::asked;
use crate::proto::pxe_init::ListTokensRequest;

/// The grammar of `token` with completers.
pub(super) fn complete(command: Command) -> Command {
    command
        .mut_subcommand("revoke", |verb| verb.mut_arg("names", |arg| arg.add(ArgValueCompleter::new(names))))
}

fn names(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let tokens = asked(async |api| {
        let request = ListTokensRequest { all: false };
        Ok(api.access().list_tokens(request).await?.into_inner().tokens)
    });
    let names = tokens.into_iter().map(|token| token.name).filter(|name| name.starts_with(&*current));
    names.map(CompletionCandidate::new).collect()
}
