//! Which entries of a list are wanted.

use std::str::FromStr;

use crate::domain::{Attribute, Image, Labels, Machine, Name, Pattern, Rule, Templates};
use crate::error::Error;
use crate::render::Entry;

/// Terms that must all hold.
#[derive(Debug, Default)]
pub struct Filter {
    terms: Vec<FilterTerm>,
}

#[derive(Debug)]
struct FilterTerm {
    field: String,
    negated: bool,
    pattern: Pattern,
}

/// Something that a filter can look into.
pub(super) trait Fields {
    /// The fields that a filter can name; `label.` stands for every label.
    const NAMES: &'static [&'static str];

    /// The name of the entry.
    fn name(&self) -> &Name;

    /// Every value of a field.
    fn values(&self, field: &str) -> Vec<String>;
}

impl FromStr for Filter {
    type Err = Error;

    /// Parses `FIELD=GLOB FIELD!=GLOB …`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let parse_term = |term: &str| -> Result<FilterTerm, Error> {
            let wrong = |problem: String| Error::invalid_field("options.filter", problem);
            let (field, glob) = term.split_once('=').ok_or_else(|| {
                wrong(format!("{term:?} is no term; write it like name=web* or name!=web*"))
            })?;
            let (field, negated) = match field.strip_suffix('!') {
                Some(field) => (field, true),
                None => (field, false),
            };
            let attribute =
                field.parse::<Attribute>().ok().filter(|a| matches!(a, Attribute::Mac | Attribute::Uuid));
            let pattern = Pattern::parse(attribute, glob).map_err(|e| wrong(format!("{field}: {e}")))?;
            Ok(FilterTerm { field: field.to_owned(), negated, pattern })
        };
        Ok(Self { terms: text.split_whitespace().map(parse_term).collect::<Result<_, _>>()? })
    }
}

impl Filter {
    /// Refuses terms whose field does not exist.
    pub(super) fn check<T: Fields>(&self) -> Result<(), Error> {
        let known = |field: &str| {
            T::NAMES.iter().any(|name| *name == field || (*name == "label.KEY" && is_label(field)))
        };
        match self.terms.iter().find(|term| !known(&term.field)) {
            None => Ok(()),
            Some(term) => Err(Error::invalid_field(
                "options.filter",
                format!("{:?} is no field of this list; use one of {}", term.field, T::NAMES.join(", ")),
            )),
        }
    }

    /// Whether all terms hold. A term on several values holds when any of them matches, a negated one when none does.
    pub(super) fn accepts(&self, entry: &impl Fields) -> bool {
        self.terms.iter().all(|term| {
            let matches = entry.values(&term.field).iter().any(|value| term.pattern.matches_text(value));
            matches != term.negated
        })
    }

    /// Whether every entry is wanted.
    pub(super) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
}

fn is_label(field: &str) -> bool {
    field.strip_prefix("label.").is_some_and(|key| !key.is_empty())
}

/// The label that `label.KEY` names.
fn label(labels: &Labels, field: &str) -> Vec<String> {
    field.strip_prefix("label.").and_then(|key| labels.get(key)).into_iter().cloned().collect()
}

fn template_names(templates: &Templates) -> Vec<String> {
    templates.values().map(ToString::to_string).collect()
}

impl Fields for Image {
    const NAMES: &'static [&'static str] = &["name", "kernel", "arch", "template", "label.KEY"];

    fn name(&self) -> &Name {
        &self.name
    }

    fn values(&self, field: &str) -> Vec<String> {
        match field {
            "name" => vec![self.name.to_string()],
            "kernel" => self.kernel.iter().cloned().collect(),
            "arch" => self.arch.iter().cloned().collect(),
            "template" => template_names(&self.templates),
            field => label(&self.labels, field),
        }
    }
}

impl Fields for Machine {
    const NAMES: &'static [&'static str] =
        &["name", "mac", "uuid", "serial", "hostname", "image", "template", "label.KEY"];

    fn name(&self) -> &Name {
        &self.name
    }

    fn values(&self, field: &str) -> Vec<String> {
        match field {
            "name" => vec![self.name.to_string()],
            "mac" => self.macs.iter().map(ToString::to_string).collect(),
            "uuid" => self.uuid.iter().map(ToString::to_string).collect(),
            "serial" => self.serial.iter().cloned().collect(),
            "hostname" => self.hostname.iter().cloned().collect(),
            "image" => self.image.iter().map(ToString::to_string).collect(),
            "template" => template_names(&self.templates),
            field => label(&self.labels, field),
        }
    }
}

impl Fields for Rule {
    const NAMES: &'static [&'static str] = &["name", "priority", "image", "template", "label.KEY"];

    fn name(&self) -> &Name {
        &self.name
    }

    fn values(&self, field: &str) -> Vec<String> {
        match field {
            "name" => vec![self.name.to_string()],
            "priority" => vec![self.priority.to_string()],
            "image" => self.image.iter().map(ToString::to_string).collect(),
            "template" => template_names(&self.templates),
            field => label(&self.labels, field),
        }
    }
}

impl Fields for Entry {
    const NAMES: &'static [&'static str] = &["name", "kind", "origin", "label.KEY"];

    fn name(&self) -> &Name {
        &self.template.name
    }

    fn values(&self, field: &str) -> Vec<String> {
        match field {
            "name" => vec![self.template.name.to_string()],
            "kind" => vec![self.template.kind.to_string()],
            "origin" => vec![self.origin.as_str().to_owned()],
            field => label(&self.template.labels, field),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(filter: &str) -> bool {
        let mut machine = Machine::new("web-1".parse().unwrap());
        machine.macs = vec!["02:00:00:00:00:01".parse().unwrap(), "02:00:00:00:00:02".parse().unwrap()];
        machine.labels.insert("rack".into(), "r1".into());
        let filter: Filter = filter.parse().unwrap();
        filter.check::<Machine>().unwrap();
        filter.accepts(&machine)
    }

    #[test]
    fn terms() {
        for filter in [
            "",
            "name=web*",
            "mac=02-00-00-00-00-02",
            "mac=02:*",
            "label.rack=R1",
            "name!=db*",
            "label.row!=x",
        ] {
            assert!(accepts(filter), "{filter}");
        }
        for filter in
            ["name=db*", "mac!=02:00:00:00:00:02", "label.rack=r2", "name=web* label.rack!=r1", "image=x"]
        {
            assert!(!accepts(filter), "{filter}");
        }
        assert!("name".parse::<Filter>().is_err());
        assert!("mac=zz".parse::<Filter>().is_err());
        assert!("colour=red".parse::<Filter>().unwrap().check::<Machine>().is_err());
    }
}
