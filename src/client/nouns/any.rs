//! One thing of any noun between the API and manifests.

use super::convert;
use super::image::Image;
use super::machine::Machine;
use super::rule::Rule;
use crate::client::failure::Failure;
use crate::client::stored::Stored;
use crate::domain::{Name, Noun, Template};
use crate::manifest::Resource;
use crate::proto::pxe_init as pb;

/// A resource of the server with the catalog revision that last changed it; none where the server is newer than we are.
pub(in crate::client) fn from_proto(resource: pb::Resource) -> Result<(Resource, u64), Failure> {
    use pb::resource::Resource as Any;
    let any = resource.resource.ok_or_else(|| convert::not_understood("a resource of an unknown noun"))?;
    Ok(match any {
        Any::Image(image) => plain(Image::try_from(image)?),
        Any::Machine(machine) => plain(Machine::try_from(machine)?),
        Any::Rule(rule) => plain(Rule::try_from(rule)?),
        Any::Template(template) => {
            let pb::Template { name, kind, source, labels, revision, .. } = template;
            let template = Template::new(convert::parse(&name)?, convert::parse(&kind)?, source);
            (Template { labels, ..template }.into(), revision)
        }
    })
}

/// The change that puts a resource in place, whatever stands there.
pub(in crate::client) fn put(resource: Resource) -> pb::Change {
    use pb::resource::Resource as Any;
    let any = match resource {
        Resource::Image(image) => Any::Image(Stored::new(image, 0).into()),
        Resource::Machine(machine) => Any::Machine(Stored::new(machine, 0).into()),
        Resource::Rule(rule) => Any::Rule(Stored::new(rule, 0).into()),
        Resource::Template(Template { name, kind, labels, source, .. }) => Any::Template(pb::Template {
            name: name.into(),
            kind: kind.to_string(),
            source: source.to_string(),
            labels,
            ..pb::Template::default()
        }),
    };
    let resource = pb::Resource { resource: Some(any) };
    pb::Change { change: Some(pb::change::Change::Put(resource)), base_revision: 0 }
}

/// The change that takes something away that was last changed at this revision.
pub(in crate::client) fn delete(noun: Noun, name: &Name, base_revision: u64) -> pb::Change {
    let deletion = pb::Deletion { noun: noun.to_string(), name: name.to_string() };
    pb::Change { change: Some(pb::change::Change::Delete(deletion)), base_revision }
}

fn plain<T: Into<Resource>>(stored: Stored<T>) -> (Resource, u64) {
    (stored.value.into(), stored.revision)
}
