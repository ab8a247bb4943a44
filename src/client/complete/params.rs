//! Completes `--param NAME=VALUE` from what is declared.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use clap_complete::engine::CompletionCandidate;

use super::{asked, given};
use crate::client::api::Api;
use crate::client::failure::Failure;
use crate::client::nouns::convert;
use crate::domain::{Kind, ParamSpec, ParamType};
use crate::proto::pxe_init as pb;

/// What a machine gets where nothing else is said.
const DEFAULTS: [&str; 2] = ["linux", "default.user-data"];

/// `NAME=` of each param that the templates and the image on the command line take; after the `=`, its choices.
pub(super) fn complete(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let known = asked(declared);
    let whole = |(name, spec): &(String, Option<ParamSpec>)| match current.split_once('=') {
        None => vec![format!("{name}=")],
        Some((wanted, _)) if wanted == name => {
            values(spec.as_ref()).into_iter().map(|value| format!("{name}={value}")).collect()
        }
        Some(_) => Vec::new(),
    };
    let help = |spec: Option<&ParamSpec>| {
        spec.map(|spec| spec.help.clone()).filter(|help| !help.is_empty()).map(Into::into)
    };
    let candidates = known.iter().flat_map(|param| {
        let help = help(param.1.as_ref());
        whole(param).into_iter().map(move |text| (text, help.clone()))
    });
    let matching = candidates.filter(|(text, _)| text.starts_with(&*current));
    matching.map(|(text, help)| CompletionCandidate::new(text).help(help)).collect()
}

fn values(spec: Option<&ParamSpec>) -> Vec<String> {
    match spec {
        Some(spec) if !spec.choices.is_empty() => {
            let plain =
                |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            spec.choices.iter().map(plain).collect()
        }
        Some(spec) if spec.ty == ParamType::Boolean => vec!["true".to_owned(), "false".to_owned()],
        _ => Vec::new(),
    }
}

/// The params of the templates that the command line names, and of those of the image that it names.
async fn declared(api: &Api) -> Result<Vec<(String, Option<ParamSpec>)>, Failure> {
    let mut found = BTreeMap::new();
    let mut templates = BTreeMap::new();
    for name in given("--image") {
        let answer = api.images().get_image(pb::GetImageRequest { name }).await?.into_inner();
        let image = answer.image.unwrap_or_default();
        templates.extend(image.templates);
        found.extend(image.declares.into_iter().map(|(name, spec)| (name, Some(convert::spec(spec)))));
    }
    for pair in given("--template") {
        if let Some((kind, template)) = pair.split_once('=') {
            templates.insert(kind.to_owned(), template.to_owned());
        }
    }
    let defaults =
        [Kind::Ipxe, Kind::UserData].map(|kind| kind.as_str().to_owned()).into_iter().zip(DEFAULTS);
    for (kind, template) in defaults {
        templates.entry(kind).or_insert_with(|| template.to_owned());
    }
    for name in templates.into_values() {
        let request = pb::GetTemplateVarsRequest { name, ..Default::default() };
        // One that does not exist is no reason to say nothing of the others.
        let Ok(answer) = api.templates().get_template_vars(request).await else { continue };
        for var in answer.into_inner().vars {
            if let Some(param) = var.name.strip_prefix("params.") {
                found.entry(param.to_owned()).or_insert_with(|| var.spec.map(convert::spec));
            }
        }
    }
    Ok(found.into_iter().collect())
}
