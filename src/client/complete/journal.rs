//! Completion of what the journal knows: numbers of boots, and machines that are not registered.

use std::ffi::OsStr;

use clap::Command;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};

use super::{MAX_NAMES, Names, asked};
use crate::domain::Noun;
use crate::proto::pxe_init as pb;

/// `boots` with completers for numbers and for the names that it filters by.
pub(super) fn complete(boots: Command) -> Command {
    boots.mut_subcommands(|verb| {
        verb.mut_args(|arg| match arg.get_id().as_str() {
            "id" | "ids" => arg.add(ArgValueCompleter::new(ids)),
            "machine" => arg.add(ArgValueCompleter::new(Names(Noun::Machine))),
            "rule" => arg.add(ArgValueCompleter::new(Names(Noun::Rule))),
            "image" => arg.add(ArgValueCompleter::new(Names(Noun::Image))),
            "template" => arg.add(ArgValueCompleter::new(Names(Noun::Template))),
            _ => arg,
        })
    })
}

/// Completes the number of a boot, with what it was.
fn ids(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let request = pb::ListBootsRequest { page_size: MAX_NAMES, ..Default::default() };
    let boots = asked(async |api| Ok(api.journal().list_boots(request).await?.into_inner().boots));
    let matching = boots.into_iter().filter(|boot| boot.id.starts_with(&*current));
    let candidate = |boot: pb::Boot| {
        let who = if boot.machine.is_empty() { boot.client } else { boot.machine };
        CompletionCandidate::new(boot.id).help(Some(format!("{} {who} {}", boot.kind, boot.outcome).into()))
    };
    matching.map(candidate).collect()
}

/// Completes an identity of a machine that is not registered, with what it is.
pub(super) fn discovered(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let request = pb::ListDiscoveredRequest { limit: MAX_NAMES, ..Default::default() };
    let found = asked(async |api| Ok(api.journal().list_discovered(request).await?.into_inner().machines));
    let mut candidates = Vec::new();
    for machine in found {
        let identities = [machine.mac, machine.uuid, machine.serial];
        let identity =
            identities.into_iter().find(|identity| !identity.is_empty() && identity.starts_with(&*current));
        candidates.extend(identity.map(|identity| {
            CompletionCandidate::new(identity)
                .help(Some(format!("{} {}", machine.product, machine.client).into()))
        }));
    }
    candidates
}
