//! The params that are given, held against those that are declared, when something is saved.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::Snapshot;
use super::leads::Lead;
use crate::domain::{Change, Changes, Key, Name, Noun, RESERVED_PARAMS, nearest};
use crate::render::Variables;

/// How many of something a warning names.
const NAMED: usize = 5;

/// A field that is not what is declared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wrong {
    /// Of which noun.
    pub noun: Noun,
    /// Its name.
    pub name: Name,
    /// The field.
    pub field: String,
    /// What is wrong with it, and what is declared.
    pub problem: String,
}

/// What the changes touch.
struct Touched<'a> {
    /// Images, rules and machines that stand there after the changes.
    nouns: BTreeSet<(Noun, &'a str)>,
    /// Changed templates, and those that include them.
    templates: BTreeSet<&'a str>,
}

/// Finds values of a type that is not the declared one, wherever the changes bring the two together, and gives warnings:
/// params that nobody gives to machines that are not registered, and params that no template reads.
pub fn check_params(before: &Snapshot, next: &Snapshot, changes: &Changes) -> (Vec<Wrong>, Vec<String>) {
    let touched = Touched::new(next, changes);
    let mut warnings = Vec::new();
    let passed_on = (PassedOn::default(), PassedOn::default());
    let mut refused = conflicts(before, next, &touched);
    let mut missing = BTreeMap::<(String, String), Vec<Name>>::new();
    for lead in leads(next, &touched) {
        let is_own = touched.nouns.contains(&(lead.noun, lead.name.as_str()));
        let image_changed = lead
            .image_given()
            .is_some_and(|image| touched.nouns.contains(&(Noun::Image, image.name.as_str())));
        let only = (!is_own && !image_changed).then_some(&touched.templates);
        let known = Lead::same_in(before, &lead);
        let found = wrong(next, &lead, only);
        if !found.is_empty() {
            let old = known.as_ref().map(|lead| wrong(before, lead, None)).unwrap_or_default();
            for wrong in found {
                // What was wrong before is not this change's fault, and must not stand in the way of mending something else.
                if !touched.nouns.contains(&(wrong.noun, wrong.name.as_str())) && old.contains(&wrong) {
                    warnings
                        .push(format!("{} {}: {} {}", wrong.noun, wrong.name, wrong.field, wrong.problem));
                } else if !refused.contains(&wrong) {
                    refused.push(wrong);
                }
            }
        }
        if lead.noun == Noun::Rule {
            for (template, param) in not_given(next, &lead, only) {
                missing.entry((template, param)).or_default().push(lead.name.clone());
            }
        }
        let mut unused = unused(next, &lead, &passed_on.1);
        if !is_own && !unused.is_empty() {
            let old = known.as_ref().map(|lead| self::unused(before, lead, &passed_on.0)).unwrap_or_default();
            unused.retain(|(param, _)| !old.iter().any(|(known, _)| known == param));
        }
        warnings.extend(unused.into_iter().map(|(_, warning)| warning));
    }
    for ((template, param), rules) in missing {
        let help = next.templates.variables(&template).declared.get(&param).map(|spec| spec.help.clone());
        let help = help.filter(|help| !help.is_empty()).map(|help| format!(" ({help})")).unwrap_or_default();
        warnings.push(format!(
            "template {template} requires params.{param}{help}, which neither the {} nor its image gives: machines that are not registered get no such document",
            listed("rule", &rules)
        ));
    }
    warnings.sort();
    warnings.dedup();
    (refused, warnings)
}

impl<'a> Touched<'a> {
    fn new(next: &'a Snapshot, changes: &'a Changes) -> Self {
        let mut touched = Self { nouns: BTreeSet::new(), templates: BTreeSet::new() };
        let mut changed = BTreeSet::new();
        for stamped in &changes.changes {
            match &stamped.change {
                Change::Template(template) => drop(changed.insert(template.name.as_str())),
                Change::Delete(Noun::Template, name) => drop(changed.insert(name.as_str())),
                Change::Delete(..) => {}
                other => drop(touched.nouns.insert((other.noun(), other.name().as_str()))),
            }
        }
        if !changed.is_empty() {
            touched.templates = next.templates.users_of(&changed).map(Name::as_str).collect();
        }
        touched
    }

    fn has(&self, noun: Noun) -> bool {
        self.nouns.iter().any(|(known, _)| *known == noun)
    }
}

/// What could be at odds with what it leads to, after the changes.
fn leads<'a>(next: &'a Snapshot, touched: &'a Touched<'a>) -> Box<dyn Iterator<Item = Lead> + 'a> {
    let catalog = &next.catalog;
    if touched.templates.is_empty() && !touched.has(Noun::Image) {
        return Box::new(touched.nouns.iter().filter_map(move |(noun, name)| match noun {
            Noun::Rule => Some(Lead::rule(next, &catalog.rules().get(*name)?.value)),
            Noun::Machine => Some(Lead::machine(next, &catalog.machines().get(name)?.value)),
            Noun::Image | Noun::Template => None,
        }));
    }
    Box::new(Lead::every(next).filter(|lead| {
        let image = lead.image_given().map(|image| (Noun::Image, image.name.as_str()));
        touched.nouns.contains(&(lead.noun, lead.name.as_str()))
            || image.is_some_and(|image| touched.nouns.contains(&image))
            || lead.leads_to(&touched.templates)
    }))
}

/// Templates whose included templates declare a param with another type, and did not before.
fn conflicts(before: &Snapshot, next: &Snapshot, touched: &Touched<'_>) -> Vec<Wrong> {
    let mut found = Vec::new();
    for template in &touched.templates {
        let old = before.templates.variables(template);
        let Some(entry) = next.templates.get(template) else { continue };
        for conflict in &next.templates.variables(template).conflicts {
            if !old.conflicts.contains(conflict) {
                let (noun, name) = (Noun::Template, entry.template.name.clone());
                found.push(Wrong { noun, name, field: "source".to_owned(), problem: conflict.to_string() });
            }
        }
    }
    found
}

/// The fields of `lead`, and of the image that it gives, that are not what the templates declare that it leads to.
fn wrong(snapshot: &Snapshot, lead: &Lead, only: Option<&BTreeSet<&str>>) -> Vec<Wrong> {
    let mut found = Vec::<Wrong>::new();
    let mut add = |noun, name: &Name, field: String, problem: String| {
        let wrong = Wrong { noun, name: name.clone(), field, problem };
        if !found.iter().any(|known| (&known.name, &known.field) == (&wrong.name, &wrong.field)) {
            found.push(wrong);
        }
    };
    let image = lead.image_given();
    for (_, template) in lead.templates().filter(|(_, name)| only.is_none_or(|only| only.contains(name))) {
        let variables = snapshot.templates.variables(template);
        for (param, value) in lead.params().into_iter().flatten() {
            let Some(spec) = variables.spec(param, image) else { continue };
            if let Err(problem) = spec.accepts(value) {
                let by = declarer(&variables, lead, param);
                add(
                    lead.noun,
                    &lead.name,
                    format!("params.{param}"),
                    format!("{problem} ({by} declares it)"),
                );
            }
        }
        let Some(image) = image.filter(|_| lead.noun != Noun::Machine) else { continue };
        for (param, own) in &image.declares {
            let Some(theirs) = variables.declared.get(param) else { continue };
            let by = variables.declared_by.get(param).map_or(template, String::as_str);
            let (field, is) = (format!("declares.{param}"), own.ty.described());
            if own.ty != theirs.ty {
                let problem = format!(
                    "is {is}, but {} in template {by}; give both the same type",
                    theirs.ty.described()
                );
                add(Noun::Image, &image.name, field, problem);
            } else if let Some(violation) = own.over(theirs).violations(&field).into_iter().next() {
                let problem = format!("{} (with what template {by} declares)", violation.problem);
                add(Noun::Image, &image.name, violation.field, problem);
            }
        }
    }
    found
}

fn declarer(variables: &Variables, lead: &Lead, param: &str) -> String {
    let image = lead.image_given().filter(|image| image.declares.contains_key(param));
    match (image, variables.declared_by.get(param)) {
        (Some(image), _) => format!("image {}", image.name),
        (None, Some(template)) => format!("template {template}"),
        (None, None) => "a template".to_owned(),
    }
}

/// The required params that a rule and its image do not give to a machine that is not registered, each with the template.
fn not_given(snapshot: &Snapshot, lead: &Lead, only: Option<&BTreeSet<&str>>) -> Vec<(String, String)> {
    let Some(rule) = &lead.resolution.rule else { return Vec::new() };
    // Only a registered machine has labels.
    if rule.selector.terms().iter().any(|term| matches!(term.key, Key::Label(_)) && !term.any.is_empty()) {
        return Vec::new();
    }
    let image = lead.image_given();
    let is_given = |param: &str| {
        rule.params.contains_key(param) || image.is_some_and(|image| image.params.contains_key(param))
    };
    let mut found = Vec::new();
    for (_, template) in lead.templates().filter(|(_, name)| only.is_none_or(|only| only.contains(name))) {
        let variables = snapshot.templates.variables(template);
        for param in variables.declared_params(image).filter(|param| !is_given(param)) {
            if variables.spec(param, image).is_some_and(|spec| spec.required) {
                found.push((template.to_owned(), param.to_owned()));
            }
        }
    }
    found
}

/// The params of `lead` that nothing reads that it leads to, each with a warning.
fn unused(snapshot: &Snapshot, lead: &Lead, passed_on: &PassedOn) -> Vec<(String, String)> {
    let Some(params) = lead.params().filter(|params| !params.is_empty()) else { return Vec::new() };
    let mut seen = Reached::default();
    seen.declared.extend(lead.image_given().into_iter().flat_map(|image| image.declares.keys().cloned()));
    lead.templates().for_each(|(_, template)| seen.add(snapshot, template));
    // What any machine can come to.
    seen.add(snapshot, "error");
    if params.keys().all(|param| seen.knows(param)) {
        return Vec::new();
    }
    // Nothing gets its params from a machine, so there is nothing to look for among all the others.
    let is_passed_on = lead.noun != Noun::Machine;
    let others = is_passed_on.then(|| passed_on.get(snapshot).get(&(lead.noun, lead.name.clone())));
    others.flatten().into_iter().flatten().for_each(|template| seen.add(snapshot, template));
    if seen.declared.is_empty() {
        return Vec::new();
    }
    let warning = |param: &String| {
        let hint = nearest(param, seen.declared.iter().map(String::as_str));
        let hint = hint.map(|known| format!("; did you mean {known}?")).unwrap_or_default();
        let (noun, name) = (lead.noun, &lead.name);
        (
            param.clone(),
            format!("params.{param} of {noun} {name} is read by no template that it leads to{hint}"),
        )
    };
    let is_for_templates = |param: &&String| !RESERVED_PARAMS.contains(&param.as_str());
    params.keys().filter(is_for_templates).filter(|param| !seen.knows(param)).map(warning).collect()
}

/// The templates to which an image or a rule leads beyond those that it names itself: those of its rules and machines, which
/// may read what it gives. Looked for once, when first asked for.
#[derive(Default)]
struct PassedOn(OnceCell<HashMap<(Noun, Name), BTreeSet<String>>>);

impl PassedOn {
    fn get(&self, snapshot: &Snapshot) -> &HashMap<(Noun, Name), BTreeSet<String>> {
        self.0.get_or_init(|| {
            let mut found = HashMap::<_, BTreeSet<String>>::new();
            for lead in Lead::every(snapshot) {
                let (resolution, own) = (&lead.resolution, (lead.noun, lead.name.clone()));
                let image = resolution.image.as_ref().map(|image| (Noun::Image, image.name.clone()));
                let rule = resolution.rule.as_ref().map(|rule| (Noun::Rule, rule.name.clone()));
                for below in [image, rule].into_iter().flatten().filter(|below| *below != own) {
                    let templates = lead.templates().map(|(_, template)| template.to_owned());
                    found.entry(below).or_default().extend(templates);
                }
            }
            found
        })
    }
}

/// What the templates read and declare that something leads to.
#[derive(Default)]
struct Reached {
    templates: BTreeSet<String>,
    variables: Vec<Arc<Variables>>,
    declared: BTreeSet<String>,
}

impl Reached {
    fn add(&mut self, snapshot: &Snapshot, template: &str) {
        if self.templates.insert(template.to_owned()) {
            let variables = snapshot.templates.variables(template);
            self.declared.extend(variables.declared.keys().cloned());
            self.variables.push(variables);
        }
    }

    fn knows(&self, param: &str) -> bool {
        self.declared.contains(param) || self.variables.iter().any(|one| one.any_template || one.knows(param))
    }
}

/// `rule a`, `rules a, b and 3 more`.
fn listed(noun: &str, names: &[Name]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMED).map(Name::as_str).collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    match names.len().saturating_sub(NAMED) {
        0 => format!("{noun}{plural} {}", shown.join(", ")),
        more => format!("{noun}{plural} {} and {more} more", shown.join(", ")),
    }
}
