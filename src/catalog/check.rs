//! What a change would break: references that lead nowhere, identities that another machine has.

use std::collections::BTreeSet;
use std::fmt;

use super::Catalog;
use crate::domain::{Change, Changes, Kind, Machine, Name, Noun, Templates};

/// How many users of something an error names.
const NAMED_USERS: usize = 5;

/// Something that names an image or a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What it is.
    pub noun: Noun,
    /// Its name.
    pub name: Name,
}

/// Why changes do not fit into a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clash {
    /// A field names an image that does not exist.
    UnknownImage {
        /// The field.
        field: String,
        /// The name in it.
        name: Name,
    },
    /// A field names a template that does not exist.
    UnknownTemplate {
        /// The field.
        field: String,
        /// The name in it.
        name: Name,
    },
    /// A field names a template of another kind than it is for.
    WrongKind {
        /// The field.
        field: String,
        /// The name in it.
        name: Name,
        /// The kind of that template.
        is: Kind,
        /// The kind that it is wanted for.
        wanted: Kind,
    },
    /// A template is stored under the name of one of another kind.
    KindChanged {
        /// The name.
        name: Name,
        /// The kind that it has.
        is: Kind,
        /// The kind that was asked for.
        wanted: Kind,
    },
    /// Another machine has this MAC, UUID or serial number.
    Taken {
        /// The field.
        field: String,
        /// The identity.
        value: String,
        /// The machine that has it.
        by: Name,
    },
    /// Something that is to be deleted is still used.
    InUse {
        /// What is to be deleted.
        what: Reference,
        /// Some of its users.
        by: Vec<Reference>,
        /// How many users there are.
        total: usize,
    },
}

impl Catalog {
    /// What is wrong with `changes`, which lead from `self` to `next`. `built_in` tells the kind of a built-in template.
    pub fn clashes<'a>(
        &self,
        next: &Self,
        changes: &'a Changes,
        built_in: impl Fn(&Name) -> Option<Kind>,
    ) -> Vec<(&'a Change, Clash)> {
        let kind_in = |catalog: &Self, name: &Name| {
            catalog.templates.get(name).map(|entry| entry.value.kind).or_else(|| built_in(name))
        };
        let kind_of = |name: &Name| kind_in(next, name);
        let mut all = Vec::new();
        // Of two new machines with one identity the first is told of the other, and that is enough.
        let mut told = BTreeSet::new();
        for stamped in &changes.changes {
            let mut found = Vec::new();
            match &stamped.change {
                Change::Image(image) => check_templates(&image.templates, &kind_of, &mut found),
                Change::Rule(rule) => {
                    next.check_image(rule.image.as_ref(), &mut found);
                    check_templates(&rule.templates, &kind_of, &mut found);
                }
                Change::Machine(machine) => {
                    next.check_image(machine.image.as_ref(), &mut found);
                    check_templates(&machine.templates, &kind_of, &mut found);
                    next.check_identities(machine, &told, &mut found);
                    told.insert(&machine.name);
                }
                Change::Template(template) => {
                    let was = kind_in(self, &template.name);
                    if let Some(is) = was.filter(|is| *is != template.kind) {
                        let (name, wanted) = (template.name.clone(), template.kind);
                        found.push(Clash::KindChanged { name, is, wanted });
                    }
                }
                Change::Delete(Noun::Image, name) => {
                    let used = |image: Option<&Name>, _: &Templates| image == Some(name);
                    found.extend(next.in_use(Noun::Image, name, used));
                }
                Change::Delete(Noun::Template, name) if kind_of(name).is_none() => {
                    let used =
                        |_: Option<&Name>, templates: &Templates| templates.values().any(|t| t == name);
                    found.extend(next.in_use(Noun::Template, name, used));
                }
                Change::Delete(..) => {}
            }
            all.extend(found.into_iter().map(|clash| (&stamped.change, clash)));
        }
        all
    }

    fn check_image(&self, image: Option<&Name>, found: &mut Vec<Clash>) {
        if let Some(name) = image.filter(|name| !self.images.contains_key(*name)) {
            found.push(Clash::UnknownImage { field: "image".into(), name: name.clone() });
        }
    }

    /// What another machine has too, other than those that were `told`.
    fn check_identities(&self, machine: &Machine, told: &BTreeSet<&Name>, found: &mut Vec<Clash>) {
        let keeper = |holders: &mut dyn Iterator<Item = Machine>| {
            holders.map(|holder| holder.name).find(|name| *name != machine.name && !told.contains(name))
        };
        for (i, mac) in machine.macs.iter().enumerate() {
            if let Some(by) = keeper(&mut self.machines.with_mac(*mac)) {
                found.push(Clash::Taken { field: format!("macs[{i}]"), value: mac.to_string(), by });
            }
        }
        if let Some(uuid) = machine.uuid
            && let Some(by) = keeper(&mut self.machines.with_uuid(uuid))
        {
            found.push(Clash::Taken { field: "uuid".into(), value: uuid.to_string(), by });
        }
        if let Some(serial) = &machine.serial
            && let Some(by) = keeper(&mut self.machines.with_serial(serial))
        {
            found.push(Clash::Taken { field: "serial".into(), value: serial.clone(), by });
        }
    }

    fn in_use(
        &self,
        noun: Noun,
        name: &Name,
        used: impl Fn(Option<&Name>, &Templates) -> bool,
    ) -> Option<Clash> {
        let images = self
            .images
            .values()
            .filter(|e| used(None, &e.value.templates))
            .map(|e| (Noun::Image, e.value.name.clone()));
        let rules = self
            .rules
            .values()
            .filter(|e| used(e.value.image.as_ref(), &e.value.templates))
            .map(|e| (Noun::Rule, e.value.name.clone()));
        let machines = self.machines.references();
        let machines = machines.filter(|(_, image, templates)| used(image.as_ref(), templates));
        let machines = machines.map(|(name, ..)| (Noun::Machine, name));
        let mut by = Vec::new();
        let mut total = 0;
        for (noun, name) in images.chain(rules).chain(machines) {
            total += 1;
            if by.len() < NAMED_USERS {
                by.push(Reference { noun, name });
            }
        }
        (total > 0).then(|| Clash::InUse { what: Reference { noun, name: name.clone() }, by, total })
    }
}

fn check_templates(templates: &Templates, kind_of: &impl Fn(&Name) -> Option<Kind>, found: &mut Vec<Clash>) {
    for (wanted, name) in templates {
        let field = format!("templates.{wanted}");
        match kind_of(name) {
            None => found.push(Clash::UnknownTemplate { field, name: name.clone() }),
            Some(is) if is != *wanted => {
                found.push(Clash::WrongKind { field, name: name.clone(), is, wanted: *wanted });
            }
            Some(_) => {}
        }
    }
}

impl Clash {
    /// The field that is wrong; the name where the whole thing is.
    pub fn field(&self) -> &str {
        match self {
            Self::UnknownImage { field, .. }
            | Self::UnknownTemplate { field, .. }
            | Self::WrongKind { field, .. }
            | Self::Taken { field, .. } => field,
            Self::KindChanged { .. } => "kind",
            Self::InUse { .. } => "name",
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.noun, self.name)
    }
}

impl fmt::Display for Clash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownImage { name, .. } => write!(f, "there is no image {name}"),
            Self::UnknownTemplate { name, .. } => write!(f, "there is no template {name}"),
            Self::WrongKind { name, is, wanted, .. } => {
                write!(f, "template {name} is of kind {is}; name one of kind {wanted}")
            }
            Self::KindChanged { name, is, wanted } => write!(
                f,
                "template {name} is of kind {is} and can not become {wanted}; choose another name, or delete it first"
            ),
            Self::Taken { value, by, .. } => {
                write!(f, "{value} belongs to machine {by}; take it from there first")
            }
            Self::InUse { what, by, total } => {
                write!(f, "{what} is used by ")?;
                for (i, reference) in by.iter().enumerate() {
                    write!(f, "{}{reference}", if i == 0 { "" } else { ", " })?;
                }
                if *total > by.len() {
                    write!(f, " and {} more", total - by.len())?;
                }
                f.write_str("; change those first")
            }
        }
    }
}
