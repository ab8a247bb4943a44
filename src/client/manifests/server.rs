//! What stands on the server.

use crate::client::api::Api;
use crate::client::failure::Failure;
use crate::client::nouns::any;
use crate::domain::{Labels, Noun};
use crate::manifest::Resource;
use crate::proto::pxe_init::ExportRequest;

/// A resource with the catalog revision that last changed it.
pub(super) struct Standing {
    pub(super) resource: Resource,
    pub(super) revision: u64,
}

/// Everything of these nouns that has these labels, of one snapshot: by noun in this order, and by name.
pub(super) async fn standing(api: &Api, nouns: &[Noun], labels: &Labels) -> Result<Vec<Standing>, Failure> {
    let nouns = nouns.iter().map(ToString::to_string).collect();
    let mut answers =
        api.catalog().export(ExportRequest { nouns, filter: filter(labels) }).await?.into_inner();
    let mut found = Vec::new();
    while let Some(answer) = answers.message().await? {
        let (resource, revision) = any::from_proto(answer.resource.unwrap_or_default())?;
        if has(&resource, labels) {
            found.push(Standing { resource, revision });
        }
    }
    Ok(found)
}

/// Whether a resource has all of these labels, with just these values.
pub(super) fn has(resource: &Resource, labels: &Labels) -> bool {
    labels.iter().all(|(key, value)| resource.labels().get(key) == Some(value))
}

/// What of the labels the server can look for: a filter has patterns in words, so a value with a space or a star is left to
/// [`has`].
fn filter(labels: &Labels) -> String {
    let plain = |value: &str| {
        value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/' | b':'))
    };
    let terms = labels.iter().filter(|(key, value)| !value.is_empty() && plain(value) && plain(key));
    terms.map(|(key, value)| format!("label.{key}={value}")).collect::<Vec<_>>().join(" ")
}
