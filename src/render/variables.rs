//! What a template reads and declares, through all that it includes; and whether a context gives it that.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::context::Context;
use super::declare::Header;
use super::error::{Reason, RenderError};
use super::reads::{Read, Reads};
use super::set::{Entry, TemplateSet};
use super::view::{self, NAMES};
use crate::domain::{Image, Kind, Name, ParamSpec, ParamSpecs};

/// What a template reads and declares, through all that it includes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variables {
    /// The names that it reads, such as `params.timezone` or `machine.labels.rack`.
    pub names: BTreeMap<String, Variable>,
    /// What it declares. Where several templates declare a param, the one that includes wins over the included ones.
    pub declared: Arc<ParamSpecs>,
    /// Which template declares each of these.
    pub declared_by: BTreeMap<String, String>,
    /// Whether it reads params of which no source tells the names.
    pub any_param: bool,
    /// Whether it includes templates of which no source tells the names.
    pub any_template: bool,
    /// The templates that it includes, imports or extends, through these too.
    pub includes: BTreeSet<String>,
    /// Params that are declared twice, with types that differ.
    pub conflicts: Vec<RenderError>,
}

/// Where a template reads a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The template in whose source it stands.
    pub template: String,
    /// The line there, from 1.
    pub line: usize,
    /// Whether some place asks first whether it is defined, or says what to take instead.
    pub optional: bool,
}

/// One source, of the set or not.
struct Source<'a> {
    name: &'a str,
    text: &'a str,
    header: Cow<'a, Header>,
    reads: Arc<Reads>,
}

impl Variables {
    /// Whether it reads or declares this param.
    pub fn knows(&self, param: &str) -> bool {
        self.any_param || self.declared.contains_key(param) || self.reads_param(param)
    }

    fn reads_param(&self, param: &str) -> bool {
        self.any_param || self.names.contains_key(&format!("params.{param}"))
    }

    /// What is declared of `param` for documents of `image`, whose declarations win. The image's do not count where the
    /// template never reads the param.
    pub fn spec(&self, param: &str, image: Option<&Image>) -> Option<Cow<'_, ParamSpec>> {
        let own = self.declared.get(param);
        let image = image.and_then(|image| image.declares.get(param)).filter(|_| self.knows(param));
        match (image, own) {
            (Some(image), Some(own)) => Some(Cow::Owned(image.over(own))),
            (Some(image), None) => Some(Cow::Owned(image.clone())),
            (None, own) => own.map(Cow::Borrowed),
        }
    }

    /// The params of which anything is declared for documents of `image`.
    pub fn declared_params<'a>(&'a self, image: Option<&'a Image>) -> impl Iterator<Item = &'a str> {
        let image = image.map(|image| &image.declares).into_iter().flat_map(ParamSpecs::keys);
        let more = image.filter(|name| !self.declared.contains_key(*name) && self.knows(name));
        self.declared.keys().chain(more).map(String::as_str)
    }

    /// Whether `context` gives each param that is required, and each of its type.
    pub(super) fn check(&self, template: &str, context: &Context) -> Result<(), RenderError> {
        let image = context.image.as_deref();
        if self.declared.is_empty() && image.is_none_or(|image| image.declares.is_empty()) {
            return Ok(());
        }
        for param in self.declared_params(image) {
            let Some(spec) = self.spec(param, image) else { continue };
            let reason = match view::supplied(context, param) {
                None if spec.required => {
                    Reason::MissingParam { variable: format!("params.{param}"), help: spec.help.clone() }
                }
                None => continue,
                Some((noun, name, value)) => match spec.accepts(value) {
                    Ok(()) => continue,
                    Err(problem) => Reason::WrongParam {
                        variable: format!("params.{param}"),
                        given_by: format!("{noun} {name}"),
                        problem,
                    },
                },
            };
            return Err(RenderError::whole(template, reason));
        }
        Ok(())
    }
}

impl TemplateSet {
    /// What the template `name` reads and declares; nothing where there is none that compiles.
    pub fn variables(&self, name: &str) -> Arc<Variables> {
        match self.get(name) {
            Some(entry) => self.variables_of(entry),
            None => Arc::default(),
        }
    }

    /// What a `source` that is not stored reads and declares. It stands in for the stored template `name`.
    pub fn variables_of_source(
        &self,
        kind: Kind,
        name: &str,
        source: &str,
    ) -> Result<Variables, RenderError> {
        self.compiles(kind, name, source)?;
        let header = Cow::Owned(Header::of(name, source)?);
        let reads = Arc::new(Reads::of(source));
        Ok(self.collect(kind, Source { name, text: source, header, reads }))
    }

    /// The names of the params that some template declares to be secret.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let declared = self.iter().flat_map(|entry| &entry.header.declared);
        declared.filter(|(_, spec)| spec.secret).map(|(name, _)| name.as_str())
    }

    /// The templates that include, import or extend one of `names`, through others too; and those themselves.
    pub fn users_of<'a>(&'a self, names: &BTreeSet<&str>) -> impl Iterator<Item = &'a Name> {
        self.iter().map(|entry| &entry.template.name).filter(move |name| {
            names.contains(name.as_str())
                || self.variables(name.as_str()).includes.iter().any(|one| names.contains(one.as_str()))
        })
    }

    /// Looked for when it is first asked for: most templates of a set are never asked.
    pub(super) fn variables_of(&self, entry: &Entry) -> Arc<Variables> {
        let found = entry.variables.get_or_init(|| {
            if entry.broken.is_some() {
                return Arc::default();
            }
            Arc::new(self.collect(entry.template.kind, Source::of(entry)))
        });
        found.clone()
    }

    fn collect(&self, kind: Kind, start: Source<'_>) -> Variables {
        let mut found = Variables::default();
        let mut declared = ParamSpecs::new();
        let mut sets = BTreeSet::new();
        let mut seen = BTreeSet::from([start.name.to_owned()]);
        let mut next = VecDeque::from([start]);
        while let Some(source) = next.pop_front() {
            for (param, spec) in &source.header.declared {
                match declared.get(param) {
                    None => {
                        declared.insert(param.clone(), spec.clone());
                        found.declared_by.insert(param.clone(), source.name.to_owned());
                    }
                    Some(nearer) if nearer.ty == spec.ty => {
                        let merged = nearer.over(spec);
                        declared.insert(param.clone(), merged);
                    }
                    Some(nearer) => {
                        let by = &found.declared_by[param];
                        let problem = format!(
                            "declares params.{param} as {}, and the template {by}, which includes it, as {}; give both the same type",
                            spec.ty, nearer.ty
                        );
                        let at = source.header.places.get(param).cloned().unwrap_or_default();
                        found.conflicts.push(RenderError::at(
                            source.name,
                            source.text,
                            Reason::Other(problem),
                            &at,
                        ));
                    }
                }
            }
            for (name, Read { line, optional }) in &source.reads.names {
                let read = found.names.entry(name.clone()).or_insert_with(|| Variable {
                    template: source.name.to_owned(),
                    line: *line,
                    optional: false,
                });
                read.optional |= optional;
            }
            found.any_param |= source.reads.any_param;
            found.any_template |= source.reads.any_template;
            sets.extend(source.reads.sets.iter().cloned());
            for name in &source.reads.includes {
                found.includes.insert(name.clone());
                let entry =
                    self.get(name).filter(|entry| entry.template.kind == kind && entry.broken.is_none());
                if let Some(entry) = entry.filter(|_| seen.insert(name.clone())) {
                    next.push_back(Source::of(entry));
                }
            }
        }
        // An included template sees what the including one has set.
        let root = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        let is_context = |name: &str| NAMES.iter().any(|(known, _)| *known == name);
        found.names.retain(|name, _| is_context(&root(name)) || !sets.contains(&root(name)));
        found.declared = Arc::new(declared);
        found
    }
}

impl<'a> Source<'a> {
    fn of(entry: &'a Entry) -> Self {
        let text: &str = &entry.template.source;
        let reads = entry.reads.get_or_init(|| Arc::new(Reads::of(text))).clone();
        Self { name: entry.template.name.as_str(), text, header: Cow::Borrowed(&entry.header), reads }
    }
}
