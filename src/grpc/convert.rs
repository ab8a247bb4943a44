//! Between generated types and ours.

use std::collections::BTreeMap;

use tonic::Status;

use super::status::{missing, wrong};
use crate::catalog::Versioned;
use crate::domain::{
    Image, InvalidName, Kind, Machine, Name, ParamSpec, ParamSpecs, ParamType, Params, Rule, Selector,
    Templates, Violation,
};
use crate::error::Error;
use crate::proto::pxe_init as v1;
use crate::service::{Effect, PageRequest, TemplateView, WriteOptions, Written};

/// What one request said, while its wrong fields are collected: an operator is told of all of them at once.
#[derive(Default)]
struct Reader {
    violations: Vec<Violation>,
}

impl Reader {
    fn parse<T: std::str::FromStr<Err: ToString>>(
        &mut self,
        field: impl Into<String>,
        text: &str,
    ) -> Option<T> {
        match text.parse() {
            Ok(value) => Some(value),
            Err(e) => {
                self.violations.push(Violation::new(field, e.to_string()));
                None
            }
        }
    }

    fn name(&mut self, text: &str) -> Option<Name> {
        if text.is_empty() {
            self.violations.push(Violation::new("name", "is missing"));
            return None;
        }
        self.parse("name", text)
    }

    fn optional<T: std::str::FromStr<Err: ToString>>(&mut self, field: &str, text: &str) -> Option<T> {
        if text.is_empty() { None } else { self.parse(field, text) }
    }

    fn params(&mut self, params: BTreeMap<String, String>) -> Params {
        let mut read = Params::new();
        for (key, text) in params {
            match serde_json::from_str(&text) {
                Ok(value) => {
                    read.insert(key, value);
                }
                Err(e) => self.violations.push(Violation::new(
                    format!("params.{key}"),
                    format!("{text:?} is no JSON ({e}); a string stands in double quotes"),
                )),
            }
        }
        read
    }

    fn declares(&mut self, specs: BTreeMap<String, v1::ParamSpec>) -> ParamSpecs {
        let mut read = ParamSpecs::new();
        for (name, spec) in specs {
            if let Some(spec) = self.param_spec(&format!("declares.{name}"), spec) {
                read.insert(name, spec);
            }
        }
        read
    }

    fn param_spec(&mut self, field: &str, spec: v1::ParamSpec) -> Option<ParamSpec> {
        let ty = self.parse::<ParamType>(format!("{field}.type"), &spec.r#type)?;
        let mut json = |part: &str, text: &str| match serde_json::from_str(text) {
            Ok(value) => Some(value),
            Err(e) => {
                let problem = format!("{text:?} is no JSON ({e}); a string stands in double quotes");
                self.violations.push(Violation::new(format!("{field}.{part}"), problem));
                None
            }
        };
        let default = Some(spec.default.as_str()).filter(|text| !text.is_empty());
        Some(ParamSpec {
            ty,
            default: default.and_then(|text| json("default", text)),
            required: spec.required,
            help: spec.help,
            secret: spec.secret,
            choices: spec.choices.iter().filter_map(|text| json("choices", text)).collect(),
        })
    }

    fn templates(&mut self, templates: BTreeMap<String, String>) -> Templates {
        let mut read = Templates::new();
        for (kind, name) in templates {
            let parsed = self.parse::<Kind>("templates", &kind);
            if let (Some(kind), Some(name)) = (parsed, self.parse(format!("templates.{kind}"), &name)) {
                read.insert(kind, name);
            }
        }
        read
    }

    fn finish<T>(self, what: &str, value: Option<T>) -> Result<T, Status> {
        match value {
            Some(value) if self.violations.is_empty() => Ok(value),
            _ => Err(super::status::status(Error::invalid(
                format!("the {what} is not valid"),
                self.violations,
            ))),
        }
    }
}

pub(super) fn read_name(field: &str, text: &str) -> Result<Name, Status> {
    required(field, text)?;
    text.parse().map_err(|e: InvalidName| wrong(field, e))
}

/// Refuses a field that was left out.
pub(super) fn required(field: &str, text: &str) -> Result<(), Status> {
    if text.is_empty() { Err(missing(field)) } else { Ok(()) }
}

pub(super) fn read_kind(field: &str, text: &str) -> Result<Kind, Status> {
    text.parse().map_err(|e: crate::domain::InvalidKind| wrong(field, e))
}

pub(super) fn read_image(image: Option<v1::Image>) -> Result<Image, Status> {
    let image = image.ok_or_else(|| missing("image"))?;
    let mut reader = Reader::default();
    let name = reader.name(&image.name);
    let params = reader.params(image.params);
    let declares = reader.declares(image.declares);
    let templates = reader.templates(image.templates);
    let read = name.map(|name| Image {
        name,
        kernel: some(image.kernel),
        initrds: image.initrds,
        rootfs: some(image.rootfs),
        args: image.args,
        arch: some(image.arch),
        labels: image.labels,
        params,
        declares,
        templates,
    });
    reader.finish("image", read)
}

pub(super) fn read_machine(machine: Option<v1::Machine>) -> Result<Machine, Status> {
    let machine = machine.ok_or_else(|| missing("machine"))?;
    let mut reader = Reader::default();
    let name = reader.name(&machine.name);
    let macs = machine
        .macs
        .iter()
        .enumerate()
        .filter_map(|(i, mac)| reader.parse(format!("macs[{i}]"), mac))
        .collect();
    let uuid = reader.optional("uuid", &machine.uuid);
    let params = reader.params(machine.params);
    let image = reader.optional("image", &machine.image);
    let templates = reader.templates(machine.templates);
    let read = name.map(|name| Machine {
        name,
        macs,
        uuid,
        serial: some(machine.serial),
        hostname: some(machine.hostname),
        labels: machine.labels,
        params,
        image,
        templates,
    });
    reader.finish("machine", read)
}

pub(super) fn read_rule(rule: Option<v1::Rule>) -> Result<Rule, Status> {
    let rule = rule.ok_or_else(|| missing("rule"))?;
    let mut reader = Reader::default();
    let name = reader.name(&rule.name);
    let patterns: BTreeMap<_, _> =
        rule.r#match.into_iter().map(|(key, value)| (key, value.patterns)).collect();
    let selector = Selector::try_from(patterns).unwrap_or_else(|e| {
        reader.violations.push(Violation::new("match", e.to_string()));
        Selector::default()
    });
    let image = reader.optional("image", &rule.image);
    let params = reader.params(rule.params);
    let templates = reader.templates(rule.templates);
    let read = name.map(|name| Rule {
        name,
        priority: rule.priority,
        selector,
        image,
        labels: rule.labels,
        params,
        templates,
    });
    reader.finish("rule", read)
}

pub(super) fn read_page(options: Option<v1::ListOptions>) -> Result<PageRequest, Status> {
    let options = options.unwrap_or_default();
    let filter = options.filter.parse().map_err(super::status::status)?;
    Ok(PageRequest { size: options.page_size, token: options.page_token, filter })
}

/// A revision that the caller may have left out.
pub(super) fn read_base(revision: u64) -> Option<u64> {
    (revision != 0).then_some(revision)
}

/// A revision that the caller must give.
pub(super) fn read_required_base(revision: u64) -> Result<Option<u64>, Status> {
    match revision {
        0 => Err(wrong("base_revision", "is missing; give the revision that you read and changed")),
        some => Ok(Some(some)),
    }
}

pub(super) fn options(dry_run: bool, message: String, force: bool) -> WriteOptions {
    WriteOptions { dry_run, message, force }
}

pub(super) fn image(entry: &Versioned<Image>) -> v1::Image {
    let image = (*entry.value).clone();
    v1::Image {
        name: image.name.into(),
        kernel: image.kernel.unwrap_or_default(),
        initrds: image.initrds,
        rootfs: image.rootfs.unwrap_or_default(),
        args: image.args,
        arch: image.arch.unwrap_or_default(),
        labels: image.labels,
        params: params(image.params),
        declares: image.declares.iter().map(|(name, spec)| (name.clone(), param_spec(spec))).collect(),
        templates: templates(image.templates),
        revision: entry.revision,
    }
}

pub(super) fn machine(entry: &Versioned<Machine>) -> v1::Machine {
    let machine = (*entry.value).clone();
    v1::Machine {
        name: machine.name.into(),
        macs: machine.macs.iter().map(ToString::to_string).collect(),
        uuid: machine.uuid.map(|uuid| uuid.to_string()).unwrap_or_default(),
        serial: machine.serial.unwrap_or_default(),
        hostname: machine.hostname.unwrap_or_default(),
        labels: machine.labels,
        params: params(machine.params),
        image: machine.image.map(Into::into).unwrap_or_default(),
        templates: templates(machine.templates),
        revision: entry.revision,
    }
}

pub(super) fn rule(entry: &Versioned<Rule>) -> v1::Rule {
    let rule = (*entry.value).clone();
    let selector = BTreeMap::<String, Vec<String>>::from(rule.selector);
    v1::Rule {
        name: rule.name.into(),
        priority: rule.priority,
        r#match: selector.into_iter().map(|(key, patterns)| (key, v1::Patterns { patterns })).collect(),
        image: rule.image.map(Into::into).unwrap_or_default(),
        labels: rule.labels,
        params: params(rule.params),
        templates: templates(rule.templates),
        revision: entry.revision,
    }
}

/// A template; without its source where a list would grow too long.
pub(super) fn template(view: TemplateView, with_source: bool) -> v1::Template {
    v1::Template {
        name: view.template.name.into(),
        kind: view.template.kind.as_str().to_owned(),
        labels: view.template.labels,
        source: if with_source { view.template.source.to_string() } else { String::new() },
        number: view.template.head,
        origin: view.origin.to_owned(),
        broken: view.broken.unwrap_or_default(),
        revision: view.revision,
    }
}

pub(super) fn outcome(effect: Effect) -> v1::Outcome {
    match effect {
        Effect::Created => v1::Outcome::Created,
        Effect::Updated => v1::Outcome::Updated,
        Effect::Unchanged => v1::Outcome::Unchanged,
        Effect::Deleted => v1::Outcome::Deleted,
    }
}

pub(super) fn result(written: Written) -> v1::WriteResult {
    v1::WriteResult {
        outcome: outcome(written.effect).into(),
        revision: written.revision,
        warnings: written.warnings,
        changed: written.changed,
    }
}

pub(super) fn param_spec(spec: &ParamSpec) -> v1::ParamSpec {
    v1::ParamSpec {
        r#type: spec.ty.as_str().to_owned(),
        default: spec.default.as_ref().map(ToString::to_string).unwrap_or_default(),
        required: spec.required,
        help: spec.help.clone(),
        secret: spec.secret,
        choices: spec.choices.iter().map(ToString::to_string).collect(),
    }
}

fn params(params: Params) -> BTreeMap<String, String> {
    params.into_iter().map(|(key, value)| (key, value.to_string())).collect()
}

fn templates(templates: Templates) -> BTreeMap<String, String> {
    templates.into_iter().map(|(kind, name)| (kind.as_str().to_owned(), name.into())).collect()
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
