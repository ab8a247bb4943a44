//! Who leads to which templates: an image, a rule with its image, a registered machine with all that it resolves to.

use std::collections::BTreeSet;

use super::{Snapshot, facts_of};
use crate::domain::{Image, Kind, Machine, Name, Noun, Params, Rule};
use crate::resolve::{Resolution, resolve};

/// Something that gives params, with what it leads to.
pub(crate) struct Lead {
    pub(crate) noun: Noun,
    pub(crate) name: Name,
    pub(crate) resolution: Resolution,
}

impl Lead {
    /// An image by itself.
    pub(crate) fn image(image: &std::sync::Arc<Image>) -> Self {
        let resolution = Resolution { image: Some(image.clone()), ..Resolution::default() };
        Self { noun: Noun::Image, name: image.name.clone(), resolution }
    }

    /// A rule with the image that it gives: what a machine gets that is not registered.
    pub(crate) fn rule(snapshot: &Snapshot, rule: &std::sync::Arc<Rule>) -> Self {
        let image = rule.image.as_ref().and_then(|name| snapshot.catalog.images().get(name));
        let image = image.map(|entry| entry.value.clone());
        let resolution = Resolution { rule: Some(rule.clone()), image, ..Resolution::default() };
        Self { noun: Noun::Rule, name: rule.name.clone(), resolution }
    }

    /// A machine as it would boot by what is registered of it.
    pub(crate) fn machine(snapshot: &Snapshot, machine: &Machine) -> Self {
        let resolution = resolve(&snapshot.catalog, &facts_of(machine));
        Self { noun: Noun::Machine, name: machine.name.clone(), resolution }
    }

    /// The same in another snapshot.
    pub(crate) fn same_in(snapshot: &Snapshot, lead: &Self) -> Option<Self> {
        let (catalog, name) = (&snapshot.catalog, &lead.name);
        match lead.noun {
            Noun::Image => Some(Self::image(&catalog.images().get(name)?.value)),
            Noun::Rule => Some(Self::rule(snapshot, &catalog.rules().get(name)?.value)),
            Noun::Machine => Some(Self::machine(snapshot, &catalog.machines().get(name.as_str())?.value)),
            Noun::Template => None,
        }
    }

    /// Every image, every rule, and every machine with params or templates of its own: one without adds nothing to what its
    /// rule or image leads to.
    pub(crate) fn every(snapshot: &Snapshot) -> impl Iterator<Item = Self> {
        let catalog = &snapshot.catalog;
        let images = catalog.images().values().map(|entry| Self::image(&entry.value));
        let rules = catalog.rules().values().map(move |entry| Self::rule(snapshot, &entry.value));
        let machines = catalog.machines().iter().map(|entry| entry.value);
        let machines = machines.filter(|it| !it.params.is_empty() || !it.templates.is_empty());
        images.chain(rules).chain(machines.map(move |machine| Self::machine(snapshot, &machine)))
    }

    /// The params of the thing itself, without those of what it leads to.
    pub(crate) fn params(&self) -> Option<&Params> {
        let resolution = &self.resolution;
        match self.noun {
            Noun::Image => resolution.image.as_ref().map(|image| &image.params),
            Noun::Rule => resolution.rule.as_ref().map(|rule| &rule.params),
            Noun::Machine => resolution.machine.as_ref().map(|machine| &machine.params),
            Noun::Template => None,
        }
    }

    /// The template of each kind of document.
    pub(crate) fn templates(&self) -> impl Iterator<Item = (Kind, &str)> {
        let template = |kind| Some((kind, self.resolution.template(kind)?.0));
        Kind::ALL.into_iter().filter_map(template)
    }

    /// Whether it leads to one of these templates.
    pub(crate) fn leads_to(&self, templates: &BTreeSet<&str>) -> bool {
        self.templates().any(|(_, template)| templates.contains(template))
    }

    pub(crate) fn image_given(&self) -> Option<&Image> {
        self.resolution.image.as_deref()
    }
}
