//! Profiles become images, and the templates that they name templates.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::template;
use crate::domain::{Image, Kind, Name, Template};
use crate::import::Import;
use crate::manifest::Place;

#[derive(Debug, Deserialize)]
pub(super) struct Profile {
    id: Option<String>,
    #[serde(default)]
    boot: Boot,
    ignition_id: Option<String>,
    cloud_id: Option<String>,
    generic_id: Option<String>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
struct Boot {
    kernel: Option<String>,
    #[serde(default)]
    initrd: Vec<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// Adds the image and its templates, or says why there is none. `used` are the files of templates that were read.
pub(super) fn translate(
    profile: Profile,
    directory: &Path,
    path: &Path,
    used: &mut Vec<PathBuf>,
    images: &mut BTreeMap<String, Name>,
    import: &mut Import,
) {
    let Profile { id, boot, ignition_id, cloud_id, generic_id, others } = profile;
    let place = Place::of_file(path);
    for key in others.keys().filter(|key| *key != "name").map(String::as_str) {
        import.leave_out(place.clone(), format!("{key}: there is nothing like it here"));
    }
    for key in boot.others.keys() {
        import.leave_out(place.clone(), format!("boot.{key}: there is nothing like it here"));
    }
    let Some(id) = id else { return import.leave_out(place, "this profile has no id") };
    let name: Name = match id.parse() {
        Ok(name) => name,
        Err(error) => return import.leave_out(place, format!("this profile: id: {error}")),
    };
    let mut image = Image::new(name.clone());
    let documents = [("ignition", ignition_id), ("cloud", cloud_id), ("generic", generic_id)];
    for (kind, file) in
        documents.into_iter().filter_map(|(kind, file)| Some((kind, file.filter(|id| !id.is_empty())?)))
    {
        let file = directory.join(kind).join(file);
        used.push(file.clone());
        if let Some((kind, name)) = template::translate(kind, &file, import) {
            image.templates.insert(kind, name);
        }
    }
    image.kernel = boot.kernel.filter(|kernel| !kernel.is_empty());
    let mut named = Vec::new();
    for initrd in boot.initrd {
        // iPXE's own options stand before the URL: `--name main http://…`.
        let words: Vec<&str> = initrd.split_whitespace().collect();
        if let Some(at) = words.iter().position(|word| matches!(*word, "--name" | "-n")) {
            named.extend(words.get(at + 1).map(|name| format!("initrd={name}")));
        }
        image.initrds.extend(words.last().map(|url| (*url).to_owned()));
    }
    // The kernel is told the names that the template gives, rather than these.
    let args: Vec<String> = boot.args.into_iter().filter(|arg| !named.contains(arg)).collect();
    if !args.iter().any(|arg| arg.contains("${")) {
        image.args = args;
    } else if let Some(template) = script(&name, &args, &place, import) {
        image.templates.insert(Kind::Ipxe, template);
    } else {
        return import
            .leave_out(place, format!("profile {id}: its arguments can not be translated; see there"));
    }
    let before = import.resources.len();
    import.add(place, image.into());
    if import.resources.len() > before {
        images.insert(id, name);
    }
}

/// A template for arguments that iPXE is to fill in (`${uuid}`): a value can not, and the text of a template can. What leads
/// to a document of matchbox leads to ours.
fn script(profile: &Name, args: &[String], place: &Place, import: &mut Import) -> Option<Name> {
    let mut kernel = String::new();
    for arg in args {
        if ["{{", "{%", "{#"].iter().any(|mark| arg.contains(mark)) || arg.contains(char::is_whitespace) {
            import.leave_out(place.clone(), format!("profile {profile}: argument {arg:?}"));
            return None;
        }
        kernel.push(' ');
        kernel.push_str(&own_url(arg));
    }
    let source = format!(
        "{{#- From matchbox's profile {profile}, whose arguments iPXE fills in. -#}}\n#!ipxe\nimgfree\n\
         kernel {{{{ image.kernel }}}}\
         {{%- for _ in image.initrds %}} initrd=initrd{{{{ loop.index }}}}{{% endfor %}}{kernel} || goto failed\n\
         {{%- include 'initrds' %}}\n{{%- include 'retry' %}}\n"
    );
    let name: Name = format!("profile-{profile}").parse().ok()?;
    import.note(
        place.clone(),
        format!("profile {profile}: iPXE fills in its arguments, so it has a template of its own, {name}"),
    );
    import.add(place.clone(), Template::new(name.clone(), Kind::Ipxe, Arc::<str>::from(source)).into());
    Some(name)
}

/// `KEY=http://matchbox/ignition?uuid=${uuid}` with the address of our own document in the place of that.
fn own_url(arg: &str) -> String {
    for (path, kind) in [("ignition", Kind::Ignition), ("cloud", Kind::UserData), ("generic", Kind::Text)] {
        let Some((before, _)) = arg.split_once(&format!("/{path}?")) else { continue };
        let key = before.find("=http").map_or("", |at| &before[..=at]);
        if !key.is_empty() || before.starts_with("http") {
            return format!("{key}{{{{ server.url_for('{kind}') }}}}");
        }
    }
    arg.to_owned()
}
