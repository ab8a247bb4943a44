//! Facts to resolution: which machine, which image, which templates and params, and why. Pure, without IO.

mod explain;

use std::sync::Arc;

use crate::catalog::{Catalog, Identity};
use crate::domain::{Facts, Image, Kind, Machine, Name, Rule, Subject};

pub use explain::{Candidate, Explanation, ParamOrigin, Source, TemplateOrigin, explain};

/// What decides where several could: the more particular wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// The built-in choice.
    Default,
    /// The image.
    Image,
    /// The rule.
    Rule,
    /// The registered machine.
    Machine,
}

/// What some facts lead to.
#[derive(Clone, Debug, Default)]
pub struct Resolution {
    /// The registered machine.
    pub machine: Option<Arc<Machine>>,
    /// How it was recognised.
    pub matched_by: Option<Identity>,
    /// Identities in the facts that point at other machines than `machine`.
    pub conflicts: Vec<(Identity, Name)>,
    /// The rule that decided; none where a binding did.
    pub rule: Option<Arc<Rule>>,
    /// The image that is booted.
    pub image: Option<Arc<Image>>,
    /// An image that the binding or rule names and that does not exist.
    pub missing_image: Option<Name>,
}

/// Decides what a machine with these facts boots.
pub fn resolve(catalog: &Catalog, facts: &Facts) -> Resolution {
    let mut resolution = Resolution::default();
    for (identity, machine) in catalog.identify(facts) {
        match &resolution.machine {
            None => {
                resolution.machine = Some(machine.clone());
                resolution.matched_by = Some(identity);
            }
            Some(first) if first.name != machine.name => {
                resolution.conflicts.push((identity, machine.name.clone()));
            }
            Some(_) => {}
        }
    }
    let binding = resolution.machine.as_ref().and_then(|machine| machine.image.as_ref());
    if binding.is_none() {
        let labels = resolution.machine.as_ref().map(|machine| &machine.labels);
        resolution.rule = catalog.rule_index().first_match(Subject { facts, labels }).cloned();
    }
    let named = binding.or_else(|| resolution.rule.as_ref()?.image.as_ref());
    if let Some(name) = named {
        match catalog.images().get(name) {
            Some(entry) => resolution.image = Some(entry.value.clone()),
            None => resolution.missing_image = Some(name.clone()),
        }
    }
    resolution
}

impl Resolution {
    /// Whether anything says what this machine boots.
    pub fn is_match(&self) -> bool {
        let own_templates = self.machine.as_ref().is_some_and(|machine| !machine.templates.is_empty());
        self.rule.is_some() || self.image.is_some() || self.missing_image.is_some() || own_templates
    }

    /// The conflicts, for people.
    pub fn conflict_texts(&self) -> Vec<String> {
        let first = self.machine.as_ref().map_or("", |machine| machine.name.as_str());
        let text = |(identity, other): &(Identity, Name)| {
            format!("its {} is that of machine {other}, but machine {first} wins", identity.as_str())
        };
        self.conflicts.iter().map(text).collect()
    }

    /// The template that renders documents of `kind`, and the layer that names it.
    pub fn template(&self, kind: Kind) -> Option<(&str, Layer)> {
        let machine = self.machine.as_ref().map(|machine| (&machine.templates, Layer::Machine));
        let rule = self.rule.as_ref().map(|rule| (&rule.templates, Layer::Rule));
        let image = self.image.as_ref().map(|image| (&image.templates, Layer::Image));
        [machine, rule, image]
            .into_iter()
            .flatten()
            .find_map(|(templates, layer)| Some((templates.get(&kind)?.as_str(), layer)))
            .or_else(|| Some((self.default_template(kind)?, Layer::Default)))
    }

    /// The built-in template for a kind of which nothing is said.
    fn default_template(&self, kind: Kind) -> Option<&'static str> {
        match kind {
            _ if !self.is_match() => None,
            Kind::Ipxe => self.image.as_ref().map(|image| if image.is_null() { "local" } else { "linux" }),
            Kind::MetaData => Some("default.meta-data"),
            Kind::UserData => Some("default.user-data"),
            Kind::VendorData => Some("default.vendor-data"),
            Kind::NetworkConfig => Some("default.network-config"),
            _ => None,
        }
    }
}

impl Layer {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Image => "image",
            Self::Rule => "rule",
            Self::Machine => "machine",
        }
    }
}

#[cfg(test)]
mod tests;
