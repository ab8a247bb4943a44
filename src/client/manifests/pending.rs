//! What is to be done to make the server what manifests say.

use std::collections::BTreeSet;

use super::args::{FileArgs, WantedArgs};
use super::server::{Standing, has, standing};
use crate::client::api::Api;
use crate::client::document::refuse;
use crate::client::failure::{Exit, Failure};
use crate::client::nouns::any;
use crate::client::pairs;
use crate::domain::{Labels, Noun};
use crate::manifest::{self, Located, Resource};
use crate::proto::pxe_init as pb;

/// What is wanted, and what is to go.
pub(super) struct Pending {
    pub(super) wanted: Vec<Located<Resource>>,
    pub(super) pruned: Vec<Standing>,
}

/// The manifests in these files; at least one.
pub(super) fn load(files: &FileArgs) -> Result<Vec<Located<Resource>>, Failure> {
    let wanted = manifest::load(&files.files).map_err(refuse)?;
    if wanted.is_empty() {
        return Err(Failure::new(Exit::Refused, "there are no manifests in what was given")
            .hint("a manifest is a *.yaml, *.yml or *.json file, or a template NAME.KIND.j2"));
    }
    Ok(wanted)
}

/// What these options ask for. Only pruning asks the server.
pub(super) async fn pending(api: &Api, args: WantedArgs) -> Result<Pending, Failure> {
    let wanted = load(&args.files)?;
    if !args.prune {
        return Ok(Pending { wanted, pruned: Vec::new() });
    }
    let labels = pairs::collect("--label", args.labels)?;
    refuse_unlabelled(&wanted, &labels)?;
    let mut pruned = standing(api, &Noun::ALL, &labels).await?;
    let kept: BTreeSet<_> = wanted.iter().map(|wanted| (wanted.value.noun(), wanted.value.name())).collect();
    pruned.retain(|standing| !kept.contains(&(standing.resource.noun(), standing.resource.name())));
    Ok(Pending { wanted, pruned })
}

/// The changes that these options ask for.
pub(in crate::client) async fn changes(api: &Api, args: WantedArgs) -> Result<Vec<pb::Change>, Failure> {
    Ok(pending(api, args).await?.changes())
}

impl Pending {
    pub(super) fn changes(self) -> Vec<pb::Change> {
        let puts = self.wanted.into_iter().map(|wanted| any::put(wanted.value));
        let deletes = self
            .pruned
            .iter()
            .map(|Standing { resource, revision }| any::delete(resource.noun(), resource.name(), *revision));
        puts.chain(deletes).collect()
    }
}

/// What is applied without the labels would stay for ever once its manifest is gone, and what they hold together would not be
/// what these manifests say.
fn refuse_unlabelled(wanted: &[Located<Resource>], labels: &Labels) -> Result<(), Failure> {
    let without: Vec<_> = wanted.iter().filter(|wanted| !has(&wanted.value, labels)).collect();
    if without.is_empty() {
        return Ok(());
    }
    let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let labels = labels.join(",");
    let told = without.iter().map(|Located { place, value, .. }| {
        (place.to_string(), format!("{} {} does not have them", value.noun(), value.name()))
    });
    let message =
        format!("--prune deletes what has the labels {labels}, so all of the manifests must have them");
    Err(Failure { fields: told.collect(), ..Failure::new(Exit::Refused, message) }
        .hint("without them, what is applied now would not be pruned when its manifest is gone"))
}
