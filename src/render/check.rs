//! Tries a template on every sample before a machine does.

use super::context::Context;
use super::error::{Reason, RenderError};
use super::sample;
use super::set::TemplateSet;
use super::view::NAMES;
use crate::domain::{ParamSpec, ParamType};

/// What came of rendering one template with every [`sample`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Check {
    /// What must be mended: the name of the sample, and what is wrong.
    pub errors: Vec<(&'static str, RenderError)>,
    /// What its author should know, such as the params that it needs.
    pub warnings: Vec<String>,
}

/// A sample of which a template makes a document.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Its name.
    pub sample: &'static str,
    /// What the template sees. Where params had to be made up there are two, one with a word for them and one with a number.
    pub contexts: Vec<Context>,
    /// Whether params had to be made up.
    pub made_up: bool,
}

/// How many params of a template are made up, one after the other, to see what comes after them.
const MAX_MADE_UP: usize = 32;

/// A made-up param that is text.
const MADE_UP_TEXT: &str = "sample";

/// A made-up param that is no text.
const MADE_UP_NUMBER: u32 = 10;

impl TemplateSet {
    /// Renders `name` with every sample.
    ///
    /// A sample lacks most params, and some lack an image or a rule. A param that is missing is made up, of its declared
    /// type where there is one, and reported as a warning; other values that a machine may lack are no fault of the
    /// template as long as some sample has them.
    pub fn check(&self, name: &str) -> Check {
        let mut check = Check::default();
        let broken = match self.get(name) {
            Some(entry) => entry.broken.clone(),
            None => self.render(name, &sample::all()[0].context).err(),
        };
        if let Some(broken) = broken {
            check.errors.push(("every", broken));
            return check;
        }
        let variables = self.variables(name);
        check.errors.extend(variables.conflicts.iter().map(|conflict| ("every", conflict.clone())));
        if self.is_partial(name) || !check.errors.is_empty() {
            return check;
        }
        let mut rendered = false;
        let mut lacking = Vec::new();
        for sample in sample::all() {
            let (result, made_up) = self.try_sample(name, sample);
            for param in &made_up {
                add(&mut check.warnings, need(param, variables.declared.get(param)));
            }
            match result {
                Ok(_) => rendered = true,
                Err(e) => match &e.reason {
                    // The author said so.
                    Reason::NotFound(_) | Reason::Failed(_) => rendered = true,
                    Reason::Undefined { variable } if may_lack(variable) => lacking.push(variable.clone()),
                    // A made-up param is text, and the template may want a list of maps.
                    reason if !made_up.is_empty() && is_of_value(reason) => {
                        add(
                            &mut check.warnings,
                            format!("could not be tried to its end with made-up params: {}", e.summary()),
                        );
                    }
                    Reason::RefusedValue { .. } if sample.hostile => {
                        add(
                            &mut check.warnings,
                            format!("refuses the sample {:?}: {}", sample.name, e.summary()),
                        );
                    }
                    _ => check.errors.push((sample.name, e)),
                },
            }
        }
        if !rendered {
            for variable in lacking {
                add(&mut check.warnings, format!("renders with no sample as it is: {variable} is undefined"));
            }
        }
        check
    }

    /// The samples of which `name` makes a document.
    pub fn sample_contexts(&self, name: &str) -> Vec<Tried> {
        let mut found = Vec::new();
        for sample in sample::all().iter().filter(|_| !self.is_partial(name)) {
            let (result, made_up, context) = self.fill(name, sample);
            let mut contexts = Vec::new();
            if result.is_ok() {
                contexts.push(context);
            }
            if !made_up.is_empty() {
                let declared = &self.variables(name).declared;
                let number = made_up.iter().fold(self.start(name, sample), |context, key| {
                    let value = declared.get(key).map_or_else(|| MADE_UP_NUMBER.into(), made_up_value);
                    sample::with_param(&context, key, value)
                });
                contexts.extend(self.render(name, &number).is_ok().then_some(number));
            }
            if !contexts.is_empty() {
                found.push(Tried { sample: sample.name, contexts, made_up: !made_up.is_empty() });
            }
        }
        found
    }

    fn try_sample(&self, name: &str, sample: &sample::Sample) -> (Result<String, RenderError>, Vec<String>) {
        let (result, made_up, _) = self.fill(name, sample);
        (result, made_up)
    }

    /// Renders `name` with a sample and the params that it lacks; also says which those are.
    fn fill(
        &self,
        name: &str,
        sample: &sample::Sample,
    ) -> (Result<String, RenderError>, Vec<String>, Context) {
        let mut context = self.start(name, sample);
        let declared = &self.variables(name).declared;
        let mut made_up = Vec::new();
        loop {
            let result = self.render(name, &context);
            let missing = match &result {
                Err(RenderError {
                    reason: Reason::Undefined { variable } | Reason::MissingParam { variable, .. },
                    ..
                }) => variable.strip_prefix("params."),
                _ => None,
            };
            match missing {
                Some(key) if made_up.len() < MAX_MADE_UP && !made_up.iter().any(|one| one == key) => {
                    let value = declared.get(key).map_or_else(|| MADE_UP_TEXT.into(), made_up_value);
                    context = sample::with_param(&context, key, value);
                    made_up.push(key.to_owned());
                }
                _ => return (result, made_up, context),
            }
        }
    }

    /// The context of a sample. Its params mean what most templates mean by them; where this one declares another type, the
    /// sample goes without.
    fn start(&self, name: &str, sample: &sample::Sample) -> Context {
        let declared = &self.variables(name).declared;
        let mut context = sample::without(&sample.context, |key, value| {
            declared.get(key).is_some_and(|spec| spec.accepts(value).is_err())
        });
        if name == "error" {
            context.failure = Some(sample::failure());
        }
        context
    }
}

/// A value that `spec` accepts.
fn made_up_value(spec: &ParamSpec) -> serde_json::Value {
    if let Some(choice) = spec.choices.first() {
        return choice.clone();
    }
    match spec.ty {
        ParamType::String => MADE_UP_TEXT.into(),
        ParamType::Integer | ParamType::Number => MADE_UP_NUMBER.into(),
        ParamType::Boolean => true.into(),
        ParamType::List => serde_json::json!([]),
        ParamType::Map => serde_json::json!({}),
    }
}

/// What a template needs that no sample has.
fn need(param: &str, declared: Option<&ParamSpec>) -> String {
    match declared {
        None => format!("needs params.{param}, which no sample has"),
        Some(spec) => {
            let help = if spec.help.is_empty() { String::new() } else { format!(": {}", spec.help) };
            format!("needs params.{param}, {}{help}", spec.ty.described())
        }
    }
}

/// Whether some machines lack `variable`, as opposed to its being misspelt.
fn may_lack(variable: &str) -> bool {
    let mut path = variable.split(['.', '[']);
    let (noun, name) = (path.next().unwrap_or_default(), path.next());
    match (NAMES.iter().find(|(known, _)| *known == noun), name) {
        // The engine could not name it.
        (None, _) if noun.is_empty() || noun.starts_with('(') => true,
        (None, _) => false,
        (Some(("params", _)), _) | (Some(_), None) => true,
        (Some((_, names)), Some(name)) => names.contains(&name),
    }
}

/// Whether another value might not have it.
fn is_of_value(reason: &Reason) -> bool {
    match reason {
        Reason::RefusedValue { .. } | Reason::Other(_) | Reason::Malformed(_) => true,
        Reason::Undefined { variable } => {
            let noun = variable.split_once(['.', '[']).map(|(noun, _)| noun);
            noun.is_some_and(|noun| NAMES.iter().all(|(known, _)| *known != noun))
        }
        _ => false,
    }
}

fn add(warnings: &mut Vec<String>, warning: String) {
    if !warnings.contains(&warning) {
        warnings.push(warning);
    }
}
