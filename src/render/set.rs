//! All templates of one catalog snapshot, compiled.

use std::collections::BTreeMap;

use minijinja::Environment;

use super::context::Context;
use super::environment::environment;
use super::error::{Reason, RenderError};
use super::escape::ShellWouldExpand;
use super::explain::explain;
use super::limits::{Budget, Limits};
use super::spans::Spans;
use super::verify::verify;
use super::{builtin, view};
use crate::domain::{Kind, Name, Template};

/// Built-in and stored templates, compiled and immutable.
pub struct TemplateSet {
    entries: BTreeMap<Name, Entry>,
    environments: Vec<Environment<'static>>,
    limits: Limits,
}

/// One template of the set.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The template.
    pub template: Template,
    /// Where it comes from.
    pub origin: Origin,
    /// Why it can not be used, if it can not.
    pub broken: Option<RenderError>,
}

/// Where a template comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It came with the server.
    BuiltIn,
    /// An operator's.
    Stored,
    /// An operator's, in the place of a built-in one of the same name.
    Override,
}

impl Entry {
    /// `NAME@REVISION`, or `NAME@built-in`.
    pub fn id(&self) -> String {
        match self.template.head {
            0 => format!("{}@built-in", self.template.name),
            head => format!("{}@{head}", self.template.name),
        }
    }
}

impl Origin {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BuiltIn => "built-in",
            Self::Stored => "stored",
            Self::Override => "override",
        }
    }
}

/// The names of the built-in templates and their kinds. A stored template may have one of these names only if it is of
/// the same kind, and then stands in for it.
pub fn reserved_names() -> impl Iterator<Item = (&'static Name, Kind)> {
    builtin::all().iter().map(|template| (&template.name, template.kind))
}

/// What the source of a template begins with that is only ever included.
const PARTIAL: [&str; 3] = ["{# partial", "{#- partial", "{#-partial"];

impl TemplateSet {
    /// The built-in templates and those that are `stored`. One that does not compile breaks only itself.
    pub fn compile<'a>(stored: impl IntoIterator<Item = &'a Template>, limits: Limits) -> Self {
        let mut entries = BTreeMap::new();
        for template in builtin::all() {
            let entry = Entry { template: template.clone(), origin: Origin::BuiltIn, broken: None };
            entries.insert(template.name.clone(), entry);
        }
        for template in stored {
            let origin = match entries.get(&template.name) {
                Some(Entry { origin: Origin::BuiltIn | Origin::Override, .. }) => Origin::Override,
                _ => Origin::Stored,
            };
            let entry = Entry { template: template.clone(), origin, broken: None };
            entries.insert(template.name.clone(), entry);
        }
        let environments = Kind::ALL.map(|kind| environment(kind, &limits)).into();
        let mut set = Self { entries, environments, limits };
        for entry in set.entries.values_mut() {
            let Template { name, kind, source, .. } = &entry.template;
            let added = add(&mut set.environments[index(*kind)], name.as_str(), source);
            entry.broken = added.err();
        }
        set
    }

    /// The template of this name.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Every template, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    /// The document that the template `name` makes of `context`.
    pub fn render(&self, name: &str, context: &Context) -> Result<String, RenderError> {
        let missing = || {
            let name = name.to_owned();
            RenderError::whole(&name, Reason::MissingTemplate { name: name.clone(), other: None })
        };
        let entry = self.get(name).ok_or_else(missing)?;
        if let Some(broken) = &entry.broken {
            return Err(broken.clone());
        }
        self.run(&self.environments[index(entry.template.kind)], entry.template.kind, name, context)
    }

    /// The document that a `source` which is not stored makes of `context`. It stands in for the stored template `name`
    /// wherever that is included.
    pub fn render_source(
        &self,
        kind: Kind,
        name: &str,
        source: &str,
        context: &Context,
    ) -> Result<String, RenderError> {
        let mut environment = self.environments[index(kind)].clone();
        add(&mut environment, name, source)?;
        self.run(&environment, kind, name, context)
    }

    /// The document that the template `name` makes of `context`, and which of its bytes come from which line. It takes
    /// twice as long as [`render`](Self::render): for people who look for mistakes, not for machines that boot.
    pub fn render_with_spans(&self, name: &str, context: &Context) -> Result<(String, Spans), RenderError> {
        // The engine writes a document with spans only to a string of its own, which knows no limit of size and time.
        // What keeps to the limits once does so again, because rendering depends on nothing but the context.
        let text = self.render(name, context)?;
        let entry = self.get(name);
        let environment = entry.map(|entry| &self.environments[index(entry.template.kind)]);
        let rendered = environment.map(|environment| {
            let template = environment.get_template(name)?;
            template.render_with_spans(view::root(context))
        });
        match rendered {
            Some(Ok((again, spans))) if again == text => Ok((text, Spans::new(&again, &spans))),
            Some(Err(e)) => Err(self.add_kind(explain(name, &e))),
            _ => Ok((text, Spans::default())),
        }
    }

    /// Whether `name` is only ever included, and never a document by itself: its source begins with `{# partial`.
    pub fn is_partial(&self, name: &str) -> bool {
        let source = self.get(name).map(|entry| &entry.template.source);
        source.is_some_and(|source| PARTIAL.iter().any(|mark| source.starts_with(mark)))
    }

    fn run(
        &self,
        environment: &Environment<'static>,
        kind: Kind,
        name: &str,
        context: &Context,
    ) -> Result<String, RenderError> {
        let failed = |e: &minijinja::Error| self.add_kind(explain(name, e));
        let template = environment.get_template(name).map_err(|e| failed(&e))?;
        let mut budget = Budget::new(&self.limits);
        let rendered = template.render_captured_to(view::root(context), &mut budget);
        let expandable = match &rendered {
            Ok(captured) => captured.state().get_extension::<ShellWouldExpand>().is_some(),
            Err(e) => {
                let reached = budget.reached().map(|limit| RenderError::whole(name, Reason::Limit(limit)));
                return Err(reached.unwrap_or_else(|| failed(e)));
            }
        };
        drop(rendered);
        let text = budget.into_text();
        match verify(kind, &text, expandable) {
            Ok(()) => Ok(text),
            Err(reason) => Err(RenderError::whole(name, reason)),
        }
    }

    /// Says of a template that is missing whether it exists in another kind.
    fn add_kind(&self, mut error: RenderError) -> RenderError {
        if let Reason::MissingTemplate { name, other } = &mut error.reason {
            *other = self.get(name).filter(|entry| entry.broken.is_none()).map(|entry| entry.template.kind);
        }
        error
    }
}

fn index(kind: Kind) -> usize {
    Kind::ALL.iter().position(|one| *one == kind).unwrap_or_default()
}

fn add(environment: &mut Environment<'static>, name: &str, source: &str) -> Result<(), RenderError> {
    environment.add_template_owned(name.to_owned(), source.to_owned()).map_err(|e| explain(name, &e))
}
