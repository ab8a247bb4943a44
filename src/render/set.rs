//! All templates of one catalog snapshot, compiled.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use minijinja::{Environment, Value};

use super::context::Context;
use super::declare::Header;
use super::environment::environment;
use super::error::{Reason, RenderError};
use super::escape::mark::is_mark;
use super::escape::place::{Misplaced, place};
use super::explain::{explain, misplaced};
use super::kept::{Kept, Known};
use super::limits::{Budget, Limits};
use super::nesting::Nesting;
use super::reads::Reads;
use super::slow::Slow;
use super::spans::Spans;
use super::variables::Variables;
use super::verify::verify;
use super::{builtin, view};
use crate::domain::{Kind, Name, Protect, Template};

/// Built-in and stored templates, compiled and immutable.
pub struct TemplateSet {
    entries: BTreeMap<Name, Entry>,
    engines: Vec<Engine>,
    limits: Limits,
    slow: Slow,
    pub(super) kept: Kept,
    /// Whether any of them is protected.
    protect_any: bool,
}

/// The templates of one kind.
#[derive(Clone)]
struct Engine {
    environment: Environment<'static>,
    /// How many places of all of them wrap a value in another, and how often one can run within itself.
    wraps: usize,
    repeats: usize,
}

/// One template of the set.
pub struct Entry {
    /// The template.
    pub template: Template,
    /// Where it comes from.
    pub origin: Origin,
    /// Why it can not be used, if it can not.
    pub broken: Option<RenderError>,
    pub(super) header: Header,
    pub(super) reads: OnceLock<Arc<Reads>>,
    pub(super) variables: OnceLock<Arc<Variables>>,
    pub(super) known: Known,
    id: Arc<str>,
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
    fn new(template: &Template, origin: Origin) -> Self {
        let id = match template.head {
            0 => format!("{}@built-in", template.name),
            head => format!("{}@{head}", template.name),
        };
        Self {
            template: template.clone(),
            origin,
            broken: None,
            header: Header::default(),
            reads: OnceLock::new(),
            variables: OnceLock::new(),
            known: Known::nothing(),
            id: id.into(),
        }
    }

    /// `NAME@REVISION`, or `NAME@built-in`.
    pub fn id(&self) -> &Arc<str> {
        &self.id
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

/// How deep a value may nest where the stack is of a usual size, 2 MiB.
const LEVELS_ON_ANY_STACK: usize = 1_000;

/// What one level takes of the stack at most, in bytes: twice what printing a list takes without optimisation.
const STACK_PER_LEVEL: usize = 2 << 10;

/// The stack for everything else, in bytes.
const STACK: usize = 2 << 20;

impl TemplateSet {
    /// The built-in templates and those that are `stored`. One that does not compile breaks only itself.
    pub fn compile<'a>(stored: impl IntoIterator<Item = &'a Template>, limits: Limits) -> Self {
        let mut entries = BTreeMap::new();
        for template in builtin::all() {
            entries.insert(template.name.clone(), Entry::new(template, Origin::BuiltIn));
        }
        for template in stored {
            let origin = match entries.get(&template.name) {
                Some(Entry { origin: Origin::BuiltIn | Origin::Override, .. }) => Origin::Override,
                _ => Origin::Stored,
            };
            entries.insert(template.name.clone(), Entry::new(template, origin));
        }
        let engines =
            Kind::ALL.map(|kind| Engine { environment: environment(kind, &limits), wraps: 0, repeats: 1 });
        let mut set = Self {
            entries,
            engines: engines.into(),
            limits,
            slow: Slow::default(),
            kept: Kept::default(),
            protect_any: false,
        };
        for entry in set.entries.values_mut() {
            let Template { name, kind, source, .. } = &entry.template;
            match Header::of(name.as_str(), source) {
                Ok(header) if header.protect.is_some() && (header.partial || *kind == Kind::Ipxe) => {
                    let problem = "nobody asks for it with a token: protect the templates that include it, or the image";
                    entry.broken = Some(RenderError::whole(name.as_str(), Reason::Other(problem.to_owned())));
                    continue;
                }
                Ok(header) => {
                    set.protect_any |= header.protect.is_some();
                    entry.header = header;
                }
                Err(e) => {
                    entry.broken = Some(e);
                    continue;
                }
            }
            entry.broken = set.engines[index(*kind)].add(name.as_str(), source).err();
        }
        set
    }

    /// Whether any template asks something of who wants its documents.
    pub fn protect_any(&self) -> bool {
        self.protect_any
    }

    /// What this template asks of who wants its documents.
    pub fn protects(&self, name: &str) -> Option<Protect> {
        self.get(name)?.header.protect
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
        let entry = self.usable(name)?;
        let variables = self.variables_of(entry);
        variables.check(name, context)?;
        self.rendered(entry, view::root(context, &variables.declared))
    }

    /// The template of this name, if it can be rendered.
    pub(super) fn usable(&self, name: &str) -> Result<&Entry, RenderError> {
        let missing = || {
            let name = name.to_owned();
            RenderError::whole(&name, Reason::MissingTemplate { name: name.clone(), other: None })
        };
        let entry = self.get(name).ok_or_else(missing)?;
        match &entry.broken {
            Some(broken) => Err(broken.clone()),
            None => Ok(entry),
        }
    }

    /// The document that a template of the set makes of the context behind `root`.
    pub(super) fn rendered(&self, entry: &Entry, root: Value) -> Result<String, RenderError> {
        let (name, kind) = (entry.template.name.as_str(), entry.template.kind);
        let run = || self.run(&self.engines[index(kind)], kind, name, root);
        let result = if self.slow.has(name) { self.slow.aside(run) } else { run() };
        if matches!(result, Err(RenderError { reason: Reason::Limit(_), .. })) {
            self.slow.remember(name);
        }
        result
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
        let variables = self.variables_of_source(kind, name, source)?;
        variables.check(name, context)?;
        let mut engine = self.engines[index(kind)].clone();
        engine.add(name, source)?;
        self.run(&engine, kind, name, view::root(context, &variables.declared))
    }

    /// Whether a `source` that is not stored compiles.
    pub(super) fn compiles(&self, kind: Kind, name: &str, source: &str) -> Result<(), RenderError> {
        self.engines[index(kind)].clone().add(name, source)
    }

    /// The document that the template `name` makes of `context`, and which of its bytes come from which line. It takes
    /// twice as long as [`render`](Self::render): for people who look for mistakes, not for machines that boot.
    pub fn render_with_spans(&self, name: &str, context: &Context) -> Result<(String, Spans), RenderError> {
        // The engine writes a document with spans only to a string of its own, which knows no limit of size and time.
        // What keeps to the limits once does so again, because rendering depends on nothing but the context.
        let text = self.render(name, context)?;
        let Some(entry) = self.get(name) else { return Ok((text, Spans::default())) };
        let engine = &self.engines[index(entry.template.kind)];
        let root = view::root(context, &self.variables_of(entry).declared);
        let (again, spans) = self.on_stack(engine, name, || {
            let failed = |e: &minijinja::Error| self.add_kind(explain(name, e));
            let template = engine.environment.get_template(name).map_err(|e| failed(&e))?;
            template.render_with_spans(root.clone()).map_err(|e| failed(&e))
        })?;
        let refused =
            |Misplaced { why, .. }| RenderError::whole(name, Reason::RefusedValue { variable: None, why });
        let placed = place(entry.template.kind, again).map_err(refused)?;
        let spans = Spans::new(&placed, &spans);
        Ok((placed.text, spans))
    }

    /// Whether `name` is only ever included, and never a document by itself: a comment at its top begins with `partial`.
    pub fn is_partial(&self, name: &str) -> bool {
        self.get(name).is_some_and(|entry| entry.header.partial)
    }

    fn run(&self, engine: &Engine, kind: Kind, name: &str, root: Value) -> Result<String, RenderError> {
        self.on_stack(engine, name, || self.run_here(&engine.environment, kind, name, root))
    }

    /// Does `work` on a stack that is deep enough for what the engine's templates can nest.
    fn on_stack<T: Send>(
        &self,
        engine: &Engine,
        name: &str,
        work: impl FnOnce() -> Result<T, RenderError> + Send,
    ) -> Result<T, RenderError> {
        // A step of the engine wraps a value once at most.
        let levels = engine.levels().min(usize::try_from(self.limits.fuel).unwrap_or(usize::MAX));
        if levels <= LEVELS_ON_ANY_STACK {
            return work();
        }
        let stack = STACK + levels.saturating_mul(STACK_PER_LEVEL);
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(stack).spawn_scoped(scope, work);
            let result = thread.ok().and_then(|thread| thread.join().ok());
            result.unwrap_or_else(|| {
                let problem = "there is no memory to render it; it nests lists and maps at too many places";
                Err(RenderError::whole(name, Reason::Other(problem.to_owned())))
            })
        })
    }

    fn run_here(
        &self,
        environment: &Environment<'static>,
        kind: Kind,
        name: &str,
        root: Value,
    ) -> Result<String, RenderError> {
        let failed = |e: &minijinja::Error| self.add_kind(explain(name, e));
        let template = environment.get_template(name).map_err(|e| failed(&e))?;
        let mut budget = Budget::new(&self.limits);
        let rendered = template.render_captured_to(root.clone(), &mut budget);
        if let Err(e) = &rendered {
            let reached = budget.reached().map(|limit| RenderError::whole(name, Reason::Limit(limit)));
            return Err(reached.unwrap_or_else(|| failed(e)));
        }
        drop(rendered);
        let placed = match place(kind, budget.into_text()) {
            Ok(placed) => placed.text,
            Err(Misplaced { at, why }) => {
                // What was rendered once keeps to the limits when it is again, with the places noted.
                let spans = template.render_with_spans(root).map_err(|e| failed(&e))?.1;
                let span = spans.iter().find(|span| span.output_range().contains(&at));
                return Err(misplaced(environment, name, span, why));
            }
        };
        match verify(kind, &placed) {
            Ok(()) => Ok(placed),
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

impl Engine {
    fn add(&mut self, name: &str, source: &str) -> Result<(), RenderError> {
        if let Some((at, mark)) = source.match_indices(is_mark).next() {
            let problem = "U+FDD0 to U+FDD3 are no characters, and can not stand in a template";
            return Err(RenderError::syntax(name, source, problem, &(at..at + mark.len())));
        }
        let nesting =
            Nesting::of(source).map_err(|e| RenderError::syntax(name, source, &e.problem, &e.at))?;
        self.wraps += nesting.wraps;
        self.repeats = self.repeats.max(nesting.repeats);
        let added = self.environment.add_template_owned(name.to_owned(), nesting.source);
        added.map_err(|e| explain(name, &e))
    }

    /// How deep a value can nest.
    fn levels(&self) -> usize {
        self.wraps.saturating_mul(self.repeats)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thread costs more than the rendering itself when a whole room powers on.
    #[test]
    fn the_built_in_templates_need_no_stack_of_their_own() {
        let set = TemplateSet::compile([], Limits::default());
        for (kind, engine) in Kind::ALL.iter().zip(&set.engines) {
            assert!(engine.levels() <= LEVELS_ON_ANY_STACK / 2, "{kind}: {}", engine.levels());
        }
    }
}
