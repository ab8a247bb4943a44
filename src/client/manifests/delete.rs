//! `delete -f`: deletes what manifests name.

use std::collections::BTreeMap;

use super::apply::{agreed, send};
use super::args::{DeleteFilesArgs, HowArgs};
use super::pending::load;
use super::server::{Standing, standing};
use crate::client::failure::{Exit, Failure};
use crate::client::nouns::any;
use crate::client::session::Session;
use crate::domain::{Labels, Noun};

/// Deletes what stands on the server of what the manifests name.
pub(in crate::client) async fn delete(session: &Session, args: DeleteFilesArgs) -> Result<Exit, Failure> {
    let DeleteFilesArgs { files, how: HowArgs { yes, dry_run, reason } } = args;
    let named = load(&files)?;
    let standing = standing(&session.api, &Noun::ALL, &Labels::new()).await?;
    let revisions: BTreeMap<_, u64> = standing
        .iter()
        .map(|Standing { resource, revision }| ((resource.noun(), resource.name()), *revision))
        .collect();
    let mut there = Vec::new();
    for (noun, name) in named.iter().map(|named| (named.value.noun(), named.value.name())) {
        match revisions.get(&(noun, name)) {
            Some(revision) => there.push((noun, name, *revision)),
            None => session.say(format_args!("{noun}/{name} is not there")),
        }
    }
    if there.is_empty() {
        session.say("nothing to delete");
        return Ok(Exit::Ok);
    }
    if !dry_run && !agreed(session, yes, there.iter().map(|(noun, name, _)| (*noun, *name)))? {
        session.say("nothing deleted");
        return Ok(Exit::Other);
    }
    let changes = there.into_iter().map(|(noun, name, revision)| any::delete(noun, name, revision)).collect();
    send(session, changes, dry_run, reason).await
}
