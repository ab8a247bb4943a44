//! Rules: what machines get that no binding speaks for.

use std::collections::BTreeMap;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::{Value, json};

use super::convert;
use crate::client::api::Api;
use crate::client::cli::{Declare, LABEL_HELP, PARAM_HELP, TargetArgs, WriteArgs};
use crate::client::failure::Failure;
use crate::client::pairs;
use crate::client::print::Row;
use crate::client::resource::{Page, Resource, Write, Written};
use crate::client::stored::{Plain, Stored};
use crate::domain::{self, Name, Noun, Selector};
use crate::manifest;
use crate::proto::pxe_init as pb;

/// A rule of the server.
pub(in crate::client) type Rule = Stored<domain::Rule>;

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
        Rule::declared([
            ("name", name.into()),
            ("priority", self.priority.into()),
            ("match", json!(selector)),
            ("image", self.image.into()),
            ("labels", json!(pairs::collect("--label", self.labels)?)),
            ("params", json!(pairs::collect("--param", self.params)?)),
            ("templates", json!(pairs::collect("--template", self.templates)?)),
        ])
    }
}

impl Plain for domain::Rule {
    const NOUN: Noun = Noun::Rule;
    const FIELDS: &'static [&'static str] =
        &["name", "priority", "match", "image", "labels", "params", "templates"];

    fn name(&self) -> &Name {
        &self.name
    }

    fn of(resource: manifest::Resource) -> Option<Self> {
        match resource {
            manifest::Resource::Rule(rule) => Some(rule),
            _ => None,
        }
    }
}

impl Row for Rule {
    const COLUMNS: &'static [&'static str] = &["NAME", "PRIORITY", "MATCH", "IMAGE", "TEMPLATES"];
    const WIDE: &'static [&'static str] = &["LABELS", "PARAMS", "REVISION"];

    fn cells(&self) -> Vec<String> {
        let rule = &self.value;
        let terms = patterns(rule.selector.clone());
        let terms = terms.iter().map(|(attribute, patterns)| format!("{attribute}={}", patterns.join("|")));
        vec![
            rule.name.to_string(),
            rule.priority.to_string(),
            terms.collect::<Vec<_>>().join(" "),
            convert::text(rule.image.as_ref()),
            convert::cell(&rule.templates),
            convert::cell(&rule.labels),
            convert::cell(&rule.params),
            self.revision.to_string(),
        ]
    }
}

impl Resource for Rule {
    const NOUN: Noun = Noun::Rule;

    fn name(&self) -> &str {
        self.value.name.as_str()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    async fn list(api: &Api, options: pb::ListOptions) -> Result<Page<Self>, Failure> {
        let request = pb::ListRulesRequest { options: Some(options) };
        let answer = api.rules().list_rules(request).await?.into_inner();
        let rows = answer.rules.into_iter().map(Self::try_from).collect::<Result<_, _>>()?;
        Ok(Page { rows, next: answer.next_page_token, total: answer.total })
    }

    async fn get(api: &Api, name: &str) -> Result<Self, Failure> {
        let request = pb::GetRuleRequest { name: name.to_owned() };
        let answer = api.rules().get_rule(request).await?.into_inner();
        answer.rule.unwrap_or_default().try_into()
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

/// The patterns of each attribute.
fn patterns(selector: Selector) -> BTreeMap<String, Vec<String>> {
    selector.into()
}

impl TryFrom<pb::Rule> for Rule {
    type Error = Failure;

    fn try_from(rule: pb::Rule) -> Result<Self, Failure> {
        let pb::Rule { name, priority, r#match, image, params, templates, revision, labels } = rule;
        let patterns = r#match.into_iter().map(|(attribute, of)| (attribute, of.patterns));
        let rule = domain::Rule {
            name: convert::parse(&name)?,
            priority,
            selector: Selector::try_from(patterns.collect::<BTreeMap<_, _>>())
                .map_err(convert::not_understood)?,
            image: convert::optional(&image)?,
            labels,
            params: convert::params(params),
            templates: convert::templates(templates)?,
        };
        Ok(Self::new(rule, revision))
    }
}

impl From<Rule> for pb::Rule {
    fn from(rule: Rule) -> Self {
        let Rule { value, revision, .. } = rule;
        let domain::Rule { name, priority, selector, image, labels, params, templates } = value;
        let of = |(attribute, patterns)| (attribute, pb::Patterns { patterns });
        Self {
            name: name.into(),
            priority,
            r#match: patterns(selector).into_iter().map(of).collect(),
            image: convert::text(image),
            params: convert::params_text(params),
            templates: convert::templates_text(templates),
            revision,
            labels,
        }
    }
}
