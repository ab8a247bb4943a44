//! Why a machine gets what it gets: every candidate in order, and the origin of every value.

use std::collections::BTreeMap;

use super::{Layer, Resolution, resolve};
use crate::catalog::Catalog;
use crate::domain::{Facts, Kind, Name, Params, Rule, Subject, Term};

/// A resolution with its reasons.
pub struct Explanation {
    /// What the facts lead to.
    pub resolution: Resolution,
    /// In the order in which they are tried: the binding first, then the rules.
    pub candidates: Vec<Candidate>,
    /// Of each kind that has a template.
    pub templates: Vec<TemplateOrigin>,
    /// Of each parameter.
    pub params: Vec<ParamOrigin>,
}

/// Something that could decide what the machine boots.
#[derive(Debug)]
pub struct Candidate {
    /// What it is.
    pub source: Source,
    /// Whether it would decide if nothing came before it.
    pub matches: bool,
    /// Whether it decided.
    pub won: bool,
    /// Why it won or lost.
    pub reason: String,
    /// The image that it gives.
    pub image: Option<Name>,
}

/// What a candidate is.
#[derive(Debug)]
pub enum Source {
    /// The binding of a machine; no name where no machine was recognised.
    Binding(Option<Name>),
    /// A rule.
    Rule(std::sync::Arc<Rule>),
}

/// Where the template of one kind comes from.
#[derive(Debug)]
pub struct TemplateOrigin {
    /// The kind.
    pub kind: Kind,
    /// The template.
    pub template: String,
    /// What named it.
    pub layer: Layer,
}

/// Where one parameter comes from.
#[derive(Debug)]
pub struct ParamOrigin {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: serde_json::Value,
    /// What gave it.
    pub layer: Layer,
    /// The layers whose value it replaced.
    pub replaced: Vec<Layer>,
    /// What declares it, where it is a default: `template linux` or `image fcos`.
    pub declared_by: String,
}

/// Resolves as [`resolve`] does, and says why. This looks at every rule.
pub fn explain(catalog: &Catalog, facts: &Facts) -> Explanation {
    let resolution = resolve(catalog, facts);
    let labels = resolution.machine.as_ref().map(|machine| &machine.labels);
    let subject = Subject { facts, labels };
    let mut candidates = vec![explain_binding(&resolution)];
    let mut winner = candidates[0].won.then_some(Winner::Binding);
    for rule in catalog.rule_index().ordered() {
        let mismatch = rule.selector.mismatch(subject);
        let matches = mismatch.is_none();
        let won = matches && winner.is_none();
        let reason = match (mismatch, winner) {
            (Some(term), _) => explain_mismatch(term, subject),
            (None, None) => format!("the first rule that matches: {}", rule.selector),
            (None, Some(Winner::Binding)) => {
                "matches, but the machine's own binding wins over every rule".to_owned()
            }
            (None, Some(Winner::Rule(first))) => format!("matches, but {}", explain_order(first, rule)),
        };
        if won {
            winner = Some(Winner::Rule(rule));
        }
        candidates.push(Candidate {
            source: Source::Rule(rule.clone()),
            matches,
            won,
            reason,
            image: rule.image.clone(),
        });
    }
    Explanation {
        templates: template_origins(&resolution),
        params: param_origins(&resolution),
        candidates,
        resolution,
    }
}

impl Explanation {
    /// Adds a declared default below all layers: this module does not know what templates declare. Documents of several
    /// kinds may have different ones.
    pub fn add_default(&mut self, key: &str, value: serde_json::Value, declared_by: String) {
        let first = self.params.partition_point(|origin| origin.key.as_str() < key);
        let end = first + self.params[first..].iter().take_while(|origin| origin.key == key).count();
        for origin in &mut self.params[first..end] {
            if origin.layer != Layer::Default {
                if origin.replaced.first() != Some(&Layer::Default) {
                    origin.replaced.insert(0, Layer::Default);
                }
                return;
            }
            if origin.value == value {
                if !origin.declared_by.split(", ").any(|known| known == declared_by) {
                    origin.declared_by = format!("{}, {declared_by}", origin.declared_by);
                }
                return;
            }
        }
        let key = key.to_owned();
        let origin = ParamOrigin { key, value, layer: Layer::Default, replaced: Vec::new(), declared_by };
        self.params.insert(end, origin);
    }
}

#[derive(Clone, Copy)]
enum Winner<'a> {
    Binding,
    Rule(&'a Rule),
}

fn explain_binding(resolution: &Resolution) -> Candidate {
    let (won, reason, image) = match &resolution.machine {
        None => (false, "no machine is registered with this mac, uuid or serial".to_owned(), None),
        Some(machine) => match &machine.image {
            None => (false, format!("machine {} is bound to no image", machine.name), None),
            Some(image) => {
                (true, format!("machine {} is bound to image {image}", machine.name), Some(image.clone()))
            }
        },
    };
    let name = resolution.machine.as_ref().map(|machine| machine.name.clone());
    Candidate { source: Source::Binding(name), matches: won, won, reason, image }
}

fn explain_mismatch(term: &Term, subject: Subject<'_>) -> String {
    match subject.value(&term.key) {
        None => format!("wants {term}, but the machine has no {}", term.key),
        Some(value) => format!("wants {term}, but {} is {value}", term.key),
    }
}

fn explain_order(first: &Rule, rule: &Rule) -> String {
    if first.priority != rule.priority {
        format!("rule {} has the higher priority ({} over {})", first.name, first.priority, rule.priority)
    } else if first.selector.specificity() != rule.selector.specificity() {
        format!("rule {} is more specific at the same priority", first.name)
    } else {
        format!("rule {} comes first by name, at the same priority and specificity", first.name)
    }
}

fn template_origins(resolution: &Resolution) -> Vec<TemplateOrigin> {
    let origin = |kind| {
        let (template, layer) = resolution.template(kind)?;
        Some(TemplateOrigin { kind, template: template.to_owned(), layer })
    };
    Kind::ALL.into_iter().filter_map(origin).collect()
}

fn param_origins(resolution: &Resolution) -> Vec<ParamOrigin> {
    let mut origins = BTreeMap::<&str, ParamOrigin>::new();
    let image = resolution.image.as_ref().map(|image| (Layer::Image, &image.params));
    let rule = resolution.rule.as_ref().map(|rule| (Layer::Rule, &rule.params));
    let machine = resolution.machine.as_ref().map(|machine| (Layer::Machine, &machine.params));
    for (layer, params) in [image, rule, machine].into_iter().flatten() {
        lay(&mut origins, layer, params);
    }
    origins.into_values().collect()
}

fn lay<'a>(origins: &mut BTreeMap<&'a str, ParamOrigin>, layer: Layer, params: &'a Params) {
    for (key, value) in params {
        let mut origin = ParamOrigin {
            key: key.clone(),
            value: value.clone(),
            layer,
            replaced: Vec::new(),
            declared_by: String::new(),
        };
        if let Some(below) = origins.remove(key.as_str()) {
            origin.replaced = below.replaced;
            origin.replaced.push(below.layer);
        }
        origins.insert(key, origin);
    }
}
