//! What a template reads, and where each of its variables gets its value.

use std::collections::{BTreeMap, BTreeSet};

use super::{Service, Snapshot};
use crate::boot::Lead;
use crate::domain::{Kind, Name, Noun, ParamSpec};
use crate::error::{Code, Error};
use crate::render::{Variable, Variables};
use crate::resolve::Explanation;

/// How many images, rules and machines are named that give a param.
const NAMED: usize = 5;

/// What a source without a name is called.
const UNSAVED: &str = "(unsaved)";

/// What a template reads, through all that it includes.
#[derive(Debug)]
pub struct TemplateVars {
    /// By name.
    pub vars: Vec<TemplateVar>,
    /// Whether it reads params of which no source tells the names.
    pub any_param: bool,
    /// Whether it includes templates of which no source tells the names.
    pub any_template: bool,
    /// The templates that it includes, imports or extends.
    pub includes: Vec<String>,
}

/// One variable of a template.
#[derive(Debug)]
pub struct TemplateVar {
    /// Such as `params.timezone` or `machine.hostname`.
    pub name: String,
    /// What is declared of a param.
    pub spec: Option<ParamSpec>,
    /// The template that declares it.
    pub declared_by: String,
    /// Where it is read; nowhere where it is only declared.
    pub read: Option<Variable>,
    /// Whether a document fails without it.
    pub required: bool,
    /// What gives it, for people; empty for a param.
    pub from: &'static str,
    /// What gives a param, of all that leads to the template.
    pub suppliers: Vec<Supplier>,
}

/// The images, the rules or the machines that give a param.
#[derive(Debug)]
pub struct Supplier {
    /// Which of these.
    pub noun: Noun,
    /// How many.
    pub total: usize,
    /// Some of them.
    pub names: Vec<Name>,
}

impl Service {
    /// The variables of a template; of an unsaved source of a kind, where given, that would stand under `name`.
    pub fn template_vars(&self, name: &str, unsaved: Option<(Kind, &str)>) -> Result<TemplateVars, Error> {
        let snapshot = self.snapshot()?;
        if let Some((kind, source)) = unsaved {
            let name = if name.is_empty() { UNSAVED } else { name };
            let variables = snapshot.templates.variables_of_source(kind, name, source);
            let variables = variables.map_err(|e| Error::invalid_field("source", e))?;
            return Ok(snapshot.vars(name, &variables));
        }
        let entry = snapshot.templates.get(name).ok_or_else(|| snapshot.not_found(Noun::Template, name))?;
        if let Some(broken) = &entry.broken {
            let problem = format!("template {name} can not be rendered: {broken}");
            return Err(Error::new(Code::FailedPrecondition, problem));
        }
        Ok(snapshot.vars(name, &snapshot.templates.variables(name)))
    }
}

impl Snapshot {
    fn vars(&self, name: &str, variables: &Variables) -> TemplateVars {
        let mut given = self.given(name);
        let declared = variables.declared.keys().map(|param| format!("params.{param}"));
        let names: BTreeSet<String> = variables.names.keys().cloned().chain(declared).collect();
        let var = |name: String| {
            let read = variables.names.get(&name).cloned();
            let param = name.strip_prefix("params.").map(str::to_owned);
            let spec = param.as_ref().and_then(|param| variables.declared.get(param)).cloned();
            let fails = read.as_ref().is_some_and(|read| !read.optional);
            TemplateVar {
                required: spec.as_ref().map_or(fails, |spec| spec.required),
                declared_by: param
                    .as_ref()
                    .and_then(|param| variables.declared_by.get(param).cloned())
                    .unwrap_or_default(),
                suppliers: param.as_ref().and_then(|param| given.remove(param)).unwrap_or_default(),
                from: if param.is_some() { "" } else { origin(&name) },
                name,
                spec,
                read,
            }
        };
        TemplateVars {
            vars: names.into_iter().map(var).collect(),
            any_param: variables.any_param,
            any_template: variables.any_template,
            includes: variables.includes.iter().cloned().collect(),
        }
    }

    /// What gives each param to documents that the template has a part in.
    fn given(&self, template: &str) -> BTreeMap<String, Vec<Supplier>> {
        let users: BTreeSet<&str> =
            self.templates.users_of(&BTreeSet::from([template])).map(Name::as_str).collect();
        let mut given = BTreeMap::<String, Vec<Supplier>>::new();
        for lead in Lead::every(self).filter(|lead| lead.leads_to(&users)) {
            let declares = lead.image_given().filter(|_| lead.noun == Noun::Image);
            let declares = declares.map(|image| &image.declares).into_iter().flatten();
            let defaults = declares.filter(|(_, spec)| spec.default.is_some()).map(|(param, _)| param);
            let own = lead.params().into_iter().flat_map(|params| params.keys());
            for param in own.chain(defaults).collect::<BTreeSet<_>>() {
                let suppliers = given.entry(param.clone()).or_default();
                match suppliers.last_mut().filter(|last| last.noun == lead.noun) {
                    None => {
                        suppliers.push(Supplier {
                            noun: lead.noun,
                            total: 1,
                            names: vec![lead.name.clone()],
                        });
                    }
                    Some(last) => {
                        last.total += 1;
                        if last.names.len() < NAMED {
                            last.names.push(lead.name.clone());
                        }
                    }
                }
            }
        }
        given
    }

    /// Adds the declared defaults of the params, below all layers.
    pub(super) fn add_defaults(&self, explanation: &mut Explanation) {
        let image = explanation.resolution.image.clone();
        let templates: Vec<String> = explanation.templates.iter().map(|of| of.template.clone()).collect();
        for template in templates {
            let variables = self.templates.variables(&template);
            for param in variables.declared_params(image.as_deref()) {
                let default = variables.spec(param, image.as_deref()).and_then(|spec| spec.default.clone());
                let Some(default) = default else { continue };
                let own = image
                    .as_ref()
                    .filter(|image| image.declares.get(param).is_some_and(|spec| spec.default.is_some()));
                let declared_by = match own {
                    Some(image) => format!("image {}", image.name),
                    None => format!("template {}", variables.declared_by.get(param).unwrap_or(&template)),
                };
                explanation.add_default(param, default, declared_by);
            }
        }
    }
}

/// What gives a variable that is no param.
fn origin(name: &str) -> &'static str {
    let mut path = name.split('.');
    match (path.next().unwrap_or_default(), path.next()) {
        ("facts", _) => "the request",
        ("machine", Some("mac" | "macs" | "uuid" | "serial" | "hostname")) => {
            "the registered machine, or else the request"
        }
        ("machine", _) => "the registered machine",
        ("image", _) => "the image",
        ("rule", _) => "the rule",
        ("server", _) => "the server",
        ("failure", _) => "the failure that is told",
        _ => "the template that includes it",
    }
}
