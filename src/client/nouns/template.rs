//! Templates: the sources of documents, every save of which is kept.

mod vars;
mod verbs;

use std::collections::BTreeMap;

use serde::Serialize;

use super::convert;
use crate::client::api::Api;
use crate::client::failure::Failure;
use crate::client::print::{Record, Row};
use crate::client::resource::{Editable, Page, Resource, Write, Written};
use crate::domain::Noun;
use crate::proto::pxe_init as pb;

pub(in crate::client) use verbs::{TemplateVerb, run};

/// A template; in lists without its source.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(in crate::client) struct Template {
    noun: &'static str,
    name: String,
    kind: String,
    origin: String,
    number: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    broken: String,
    revision: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    source: String,
}

impl Record for Template {
    fn id(&self) -> String {
        format!("template/{}", self.name)
    }
}

impl Row for Template {
    const COLUMNS: &'static [&'static str] = &["NAME", "KIND", "ORIGIN", "NUMBER", "STATE"];
    const WIDE: &'static [&'static str] = &["LABELS", "REVISION"];

    fn cells(&self) -> Vec<String> {
        let state = if self.broken.is_empty() { "ok".to_owned() } else { format!("broken: {}", self.broken) };
        vec![
            self.name.clone(),
            self.kind.clone(),
            self.origin.clone(),
            self.number.to_string(),
            state,
            convert::cell(&self.labels),
            self.revision.to_string(),
        ]
    }
}

impl Resource for Template {
    const NOUN: Noun = Noun::Template;

    fn name(&self) -> &str {
        &self.name
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    async fn list(api: &Api, options: pb::ListOptions) -> Result<Page<Self>, Failure> {
        let request = pb::ListTemplatesRequest { options: Some(options) };
        let answer = api.templates().list_templates(request).await?.into_inner();
        let rows = answer.templates.into_iter().map(Self::from).collect();
        Ok(Page { rows, next: answer.next_page_token, total: answer.total })
    }

    async fn get(api: &Api, name: &str) -> Result<Self, Failure> {
        Self::at(api, name, 0).await
    }

    async fn register(self, api: &Api, write: &Write) -> Result<Written, Failure> {
        let Write { base_revision, dry_run, message, force } = write.clone();
        let request = pb::RegisterTemplateRequest {
            template: Some(self.into()),
            message,
            base_revision,
            dry_run,
            force,
        };
        let answer = api.templates().register_template(request).await?.into_inner();
        Ok(Written::template(answer.result, answer.template))
    }

    async fn update(self, api: &Api, write: &Write) -> Result<Written, Failure> {
        let Write { base_revision, dry_run, message, force } = write.clone();
        let request =
            pb::UpdateTemplateRequest { template: Some(self.into()), message, base_revision, dry_run, force };
        let answer = api.templates().update_template(request).await?.into_inner();
        Ok(Written::template(answer.result, answer.template))
    }

    async fn delete(api: &Api, name: &str, write: &Write) -> Result<Written, Failure> {
        let Write { base_revision, dry_run, message, force } = write.clone();
        let request =
            pb::DeleteTemplateRequest { name: name.to_owned(), base_revision, dry_run, message, force };
        Ok(api.templates().delete_template(request).await?.into_inner().result.into())
    }
}

impl Editable for Template {
    fn text(&self) -> Result<String, Failure> {
        Ok(self.source.clone())
    }

    fn suffix(&self) -> &str {
        match self.kind.as_str() {
            "ipxe" => ".ipxe.j2",
            "ignition" => ".json.j2",
            "user-data" | "meta-data" | "vendor-data" | "network-config" | "autoinstall" => ".yaml.j2",
            "kickstart" => ".ks.j2",
            "preseed" => ".cfg.j2",
            "grub" => ".grub.j2",
            _ => ".j2",
        }
    }

    fn advice(&self) -> Option<String> {
        let built_in = "It is built in: what you save stands in its place until you delete it.";
        (self.revision == 0).then(|| built_in.to_owned())
    }

    fn edited(&self, text: &str) -> Result<Self, Failure> {
        Ok(Self { source: text.to_owned(), ..self.clone() })
    }
}

impl Template {
    /// The template as it was saved under `number`; 0 is its head.
    async fn at(api: &Api, name: &str, number: u32) -> Result<Self, Failure> {
        let request = pb::GetTemplateRequest { name: name.to_owned(), number };
        let answer = api.templates().get_template(request).await?.into_inner();
        Ok(answer.template.unwrap_or_default().into())
    }
}

impl Written {
    fn template(result: Option<pb::WriteResult>, template: Option<pb::Template>) -> Self {
        let number = template.map(|template| template.number).filter(|number| *number != 0);
        Self { result: result.unwrap_or_default(), number }
    }
}

impl From<pb::Template> for Template {
    fn from(template: pb::Template) -> Self {
        let pb::Template { name, kind, source, number, origin, broken, revision, labels } = template;
        Self { noun: Self::NOUN.as_str(), name, kind, source, number, origin, broken, revision, labels }
    }
}

impl From<Template> for pb::Template {
    fn from(template: Template) -> Self {
        let Template { name, kind, source, number, origin, broken, revision, labels, .. } = template;
        Self { name, kind, source, number, origin, broken, revision, labels }
    }
}
