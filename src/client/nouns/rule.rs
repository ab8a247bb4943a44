//! Rules: what machines get that no binding speaks for.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::params;
use crate::client::api::Api;
use crate::client::cli::{Declare, LABEL_HELP, PARAM_HELP, TargetArgs, WriteArgs};
use crate::client::document;
use crate::client::failure::Failure;
use crate::client::pairs;
use crate::client::print::{Record, Row, yaml};
use crate::client::resource::{Editable, Page, Resource, Write, Written};
use crate::domain::Noun;
use crate::proto::pxe_init as pb;

/// The document of a rule; `domain::Rule` says what the fields mean.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::client) struct Rule {
    name: String,
    #[serde(default)]
    priority: i32,
    #[serde(default, rename = "match", skip_serializing_if = "BTreeMap::is_empty")]
    selector: BTreeMap<String, Vec<String>>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    image: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    params: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    templates: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "document::is_zero")]
    revision: u64,
}

/// Create a rule, or replace it as a whole
///
/// Rules are tried by priority, the higher first; then the more specific first; then by name. A rule without --match
/// matches every machine. It gives an image, templates, or both.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client rule register default --image local
  pxe-init-client rule register arm-rack --priority 10 --match arch=arm64 --match 'label.rack=r1*' \\
      --match 'label.rack=!r13' --image debian-arm64")]
pub(in crate::client) struct RegisterRule {
    #[command(flatten)]
    target: TargetArgs,
    /// Rules of higher priority are tried first; may be negative
    #[arg(long, value_name = "N", allow_negative_numbers = true, conflicts_with = "file")]
    priority: Option<i32>,
    /// What a machine must look like: mac, uuid, serial, asset, hostname, domain, manufacturer, product, arch, platform,
    /// ip or label.KEY, and a pattern
    ///
    /// A pattern is exact, a glob with *, or for ip a network such as 10.0.0.0/8; !PATTERN excludes. Repeat it: all
    /// attributes must match, and of the patterns for one attribute any may.
    #[arg(long = "match", value_name = "ATTRIBUTE=PATTERN", value_parser = pairs::text, conflicts_with = "file")]
    patterns: Vec<(String, String)>,
    /// Image that it gives
    #[arg(long, value_name = "IMAGE", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "file")]
    image: Option<String>,
    #[arg(long = "label", value_name = "KEY=VALUE", help = LABEL_HELP, value_parser = pairs::text, conflicts_with = "file")]
    labels: Vec<(String, String)>,
    #[arg(long = "param", value_name = "KEY=VALUE", help = PARAM_HELP, value_parser = pairs::param, conflicts_with = "file")]
    params: Vec<(String, Value)>,
    /// Template that renders one kind of document, such as ipxe=coreos, and wins over that of the image; repeat for
    /// several kinds
    #[arg(long = "template", value_name = "KIND=TEMPLATE", value_parser = pairs::template, conflicts_with = "file")]
    templates: Vec<(String, String)>,
    #[command(flatten)]
    write: WriteArgs,
}

impl Declare for RegisterRule {
    type Resource = Rule;
    const FIELDS: &'static [&'static str] =
        &["name", "priority", "match", "image", "labels", "params", "templates"];

    fn target(&self) -> &TargetArgs {
        &self.target
    }

    fn write(&self) -> &WriteArgs {
        &self.write
    }

    fn declare(self, name: String) -> Result<Rule, Failure> {
        let mut selector = BTreeMap::<String, Vec<String>>::new();
        for (attribute, pattern) in self.patterns {
            selector.entry(attribute).or_default().push(pattern);
        }
        Ok(Rule {
            name,
            priority: self.priority.unwrap_or_default(),
            selector,
            image: self.image.unwrap_or_default(),
            labels: pairs::collect("--label", self.labels)?,
            params: pairs::collect("--param", self.params)?,
            templates: pairs::collect("--template", self.templates)?,
            revision: 0,
        })
    }
}

impl Record for Rule {
    fn id(&self) -> String {
        format!("rule/{}", self.name)
    }
}

impl Row for Rule {
    const COLUMNS: &'static [&'static str] = &["NAME", "PRIORITY", "MATCH", "IMAGE", "TEMPLATES"];
    const WIDE: &'static [&'static str] = &["LABELS", "PARAMS", "REVISION"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.priority.to_string(),
            self.selector_cell(),
            self.image.clone(),
            params::cell(&self.templates),
            params::cell(&self.labels),
            params::cell(&self.params),
            self.revision.to_string(),
        ]
    }
}

impl Resource for Rule {
    const NOUN: Noun = Noun::Rule;

    fn name(&self) -> &str {
        &self.name
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    async fn list(api: &Api, options: pb::ListOptions) -> Result<Page<Self>, Failure> {
        let request = pb::ListRulesRequest { options: Some(options) };
        let answer = api.rules().list_rules(request).await?.into_inner();
        let rows = answer.rules.into_iter().map(Self::from).collect();
        Ok(Page { rows, next: answer.next_page_token, total: answer.total })
    }

    async fn get(api: &Api, name: &str) -> Result<Self, Failure> {
        let request = pb::GetRuleRequest { name: name.to_owned() };
        let answer = api.rules().get_rule(request).await?.into_inner();
        Ok(answer.rule.unwrap_or_default().into())
    }

    async fn register(self, api: &Api, write: &Write) -> Result<Written, Failure> {
        let Write { base_revision, dry_run, message, force } = write.clone();
        let request =
            pb::RegisterRuleRequest { rule: Some(self.into()), base_revision, dry_run, message, force };
        Ok(api.rules().register_rule(request).await?.into_inner().result.into())
    }

    async fn update(self, api: &Api, write: &Write) -> Result<Written, Failure> {
        let Write { base_revision, dry_run, message, force } = write.clone();
        let request =
            pb::UpdateRuleRequest { rule: Some(self.into()), base_revision, dry_run, message, force };
        Ok(api.rules().update_rule(request).await?.into_inner().result.into())
    }

    async fn delete(api: &Api, name: &str, write: &Write) -> Result<Written, Failure> {
        let Write { base_revision, dry_run, message, force } = write.clone();
        let request = pb::DeleteRuleRequest { name: name.to_owned(), base_revision, dry_run, message, force };
        Ok(api.rules().delete_rule(request).await?.into_inner().result.into())
    }
}

impl Rule {
    fn selector_cell(&self) -> String {
        let terms =
            self.selector.iter().map(|(attribute, patterns)| format!("{attribute}={}", patterns.join("|")));
        terms.collect::<Vec<_>>().join(" ")
    }
}

impl Editable for Rule {
    fn text(&self) -> Result<String, Failure> {
        yaml(&Self { revision: 0, ..self.clone() })
    }

    fn suffix(&self) -> &str {
        ".yaml"
    }

    fn advice(&self) -> Option<String> {
        Some(format!("Fields: {}.", RegisterRule::FIELDS.join(", ")))
    }

    fn edited(&self, text: &str) -> Result<Self, Failure> {
        document::parse(text, Path::new("the edited text"))
    }
}

impl From<pb::Rule> for Rule {
    fn from(rule: pb::Rule) -> Self {
        let pb::Rule { name, priority, r#match, image, labels, params, templates, revision } = rule;
        let selector = r#match.into_iter().map(|(attribute, of)| (attribute, of.patterns)).collect();
        Self {
            name,
            priority,
            selector,
            image,
            labels,
            params: params::from_proto(params),
            templates,
            revision,
        }
    }
}

impl From<Rule> for pb::Rule {
    fn from(rule: Rule) -> Self {
        let Rule { name, priority, selector, image, labels, params, templates, revision } = rule;
        let patterns = |patterns| pb::Patterns { patterns };
        let r#match = selector.into_iter().map(|(attribute, of)| (attribute, patterns(of))).collect();
        Self { name, priority, r#match, image, labels, params: params::to_proto(params), templates, revision }
    }
}
