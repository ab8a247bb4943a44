//! What other systems keep, as resources: the first system's tables, matchbox's directories, lists of machines.
//!
//! Nothing is written here: whoever calls applies the resources, all of them at once. What has no counterpart is told with its
//! place. `docs/imports.md` says what becomes of what.

mod csv;
mod dump;
mod first_system;
mod matchbox;
mod naming;

use std::path::Path;

pub use csv::machines;
pub use first_system::first_system;
pub use matchbox::matchbox;

use crate::domain::{Labels, Violation};
use crate::manifest::{Located, Place, Problem, Resource};

/// What was read.
#[derive(Debug, Default)]
pub struct Import {
    /// What is to be there, with the place that it comes from.
    pub resources: Vec<Located<Resource>>,
    /// What is not the same as it was.
    pub notes: Vec<Problem>,
    /// What can not be translated, and so is not there.
    pub left_out: Vec<Problem>,
}

impl Import {
    /// Gives everything these labels too.
    pub fn label(&mut self, labels: &Labels) {
        for Located { value, .. } in &mut self.resources {
            let own = match value {
                Resource::Image(image) => &mut image.labels,
                Resource::Template(template) => &mut template.labels,
                Resource::Machine(machine) => &mut machine.labels,
                Resource::Rule(rule) => &mut rule.labels,
            };
            own.extend(labels.clone());
        }
    }

    fn note(&mut self, place: Place, what: impl Into<String>) {
        self.notes.push(Problem { place, what: what.into() });
    }

    fn leave_out(&mut self, place: Place, what: impl Into<String>) {
        self.left_out.push(Problem { place, what: what.into() });
    }

    /// Takes a resource that can be stored. What is wrong with another is left out, with the reasons.
    fn add(&mut self, place: Place, resource: Resource) {
        let violations = resource.violations();
        if violations.is_empty() {
            self.resources.push(Located { place, source: None, value: resource });
            return;
        }
        for Violation { field, problem } in violations {
            let what = format!("{} {}: {field} {problem}", resource.noun(), resource.name());
            self.leave_out(place.clone(), what);
        }
    }
}

/// A line of a file.
fn line(path: &Path, line: usize) -> Place {
    Place { path: path.to_owned(), line, column: 1 }
}
