//! The context as the engine sees it: objects that look a value up only when a template asks for it.
//!
//! Every value that comes out is plain data (text, numbers, booleans, lists, maps); the one method is
//! `server.url_for`.

use std::sync::{Arc, OnceLock};

use minijinja::value::{Enumerator, Object, Value};
use minijinja::{Error, ErrorKind, State};

use super::context::Context;
use super::urls::{document_url, document_url_with, seed_url, seed_url_with};
use super::witness::{self, Witness};
use crate::domain::{Attribute, Kind, Name, ParamSpecs, Params};

/// The names that a template finds.
#[derive(Debug)]
struct Root {
    given: Arc<Given>,
    /// What stands under each of them, made when a template first asks for it.
    views: [OnceLock<Value>; NAMES.len()],
}

/// What a rendering starts from.
#[derive(Debug)]
struct Given {
    context: Context,
    /// `image.initrds`, which scripts go through twice.
    initrds: OnceLock<Value>,
    /// What the template declares of the params.
    declared: Arc<ParamSpecs>,
    /// Is told of each value that is read, if anybody wants to know.
    witness: Option<Witness>,
}

/// One of those names.
#[derive(Clone, Copy, Debug)]
enum Noun {
    Machine,
    Image,
    Facts,
    Params,
    Rule,
    Server,
    Failure,
}

#[derive(Debug)]
struct View {
    given: Arc<Given>,
    noun: Noun,
}

/// What each name offers; what is not known of a machine is undefined. `params` offers whatever was given.
pub(super) const NAMES: [(&str, &[&str]); 7] = [
    ("machine", &MACHINE),
    ("image", &["name", "kernel", "initrds", "rootfs", "args", "arch", "null"]),
    ("facts", &FACTS),
    ("params", &[]),
    ("rule", &["name", "priority"]),
    ("server", &["url", "asset_url", "hold_seconds", "seed_url"]),
    ("failure", &["incident", "template", "problem", "url"]),
];

pub(super) const MACHINE: [&str; 8] =
    ["registered", "name", "mac", "macs", "uuid", "serial", "hostname", "labels"];

const FACTS: [&str; Attribute::ALL.len()] = {
    let mut names = [""; Attribute::ALL.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = Attribute::ALL[i].as_str();
        i += 1;
    }
    names
};

/// The value that a rendering starts from.
pub(super) fn root(context: &Context, declared: &Arc<ParamSpecs>) -> Value {
    start(context, declared, None)
}

/// The same, with a witness of what is read.
pub(super) fn witnessed(context: &Context, declared: &Arc<ParamSpecs>, witness: Witness) -> Value {
    start(context, declared, Some(witness))
}

fn start(context: &Context, declared: &Arc<ParamSpecs>, witness: Option<Witness>) -> Value {
    let (context, declared) = (context.clone(), declared.clone());
    let given = Given { context, initrds: OnceLock::new(), declared, witness };
    Value::from_object(Root { given: given.into(), views: Default::default() })
}

/// The witness of a rendering that started from `root`.
pub(super) fn witness(root: &Value) -> Option<&Witness> {
    root.downcast_object_ref::<Root>()?.given.witness.as_ref()
}

/// What gives a param, such as a rule and its name, and the value that it gives.
pub(super) fn supplied<'a>(
    context: &'a Context,
    param: &str,
) -> Option<(&'static str, &'a Name, &'a serde_json::Value)> {
    let machine = context.machine.as_ref().map(|it| ("machine", &it.name, &it.params));
    let rule = context.rule.as_ref().map(|it| ("rule", &it.name, &it.params));
    let image = context.image.as_ref().map(|it| ("image", &it.name, &it.params));
    [machine, rule, image]
        .into_iter()
        .flatten()
        .find_map(|(noun, name, params)| Some((noun, name, params.get(param)?)))
}

impl Noun {
    fn names(self) -> &'static [&'static str] {
        NAMES[self as usize].1
    }
}

impl Given {
    /// The witness shall know that these values are read.
    fn note(&self, fields: u64) {
        if let Some(witness) = &self.witness {
            witness.fields(fields);
        }
    }

    /// What a param is that no layer gives: what the image declares, or else the template.
    fn default(&self, key: &str) -> Option<&serde_json::Value> {
        let image = self.context.image.as_ref().and_then(|image| image.declares.get(key));
        match image {
            Some(spec) if spec.default.is_some() || spec.required => spec.default.as_ref(),
            _ => self.declared.get(key)?.default.as_ref(),
        }
    }

    fn initrds(&self) -> Value {
        let made = || {
            let paths = self.context.image.iter().flat_map(|image| &image.initrds);
            paths.map(|path| self.context.server.absolute(path)).collect()
        };
        self.initrds.get_or_init(made).clone()
    }

    fn defaults(&self) -> impl Iterator<Item = &String> {
        let image = self.context.image.iter().flat_map(|image| image.declares.keys());
        image.chain(self.declared.keys()).filter(|key| self.default(key).is_some())
    }
}

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let given = &self.given;
        if key == "rule" {
            given.note(witness::RULE);
        }
        let noun = match key {
            "machine" => Noun::Machine,
            "image" if given.context.image.is_some() => Noun::Image,
            "facts" => Noun::Facts,
            "params" => Noun::Params,
            "rule" if given.context.rule.is_some() => Noun::Rule,
            "server" => Noun::Server,
            "failure" if given.context.failure.is_some() => Noun::Failure,
            _ => return None,
        };
        let view = || Value::from_object(View { given: given.clone(), noun });
        Some(self.views[noun as usize].get_or_init(view).clone())
    }
}

impl Object for View {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        let context = &self.given.context;
        match self.noun {
            Noun::Machine => {
                self.given.note(witness::machine(key));
                machine(context, key)
            }
            Noun::Image => {
                // Its paths are relative to the server.
                self.given.note(witness::SERVER);
                match key {
                    "initrds" => Some(self.given.initrds()),
                    _ => image(context, key),
                }
            }
            Noun::Facts => {
                let attribute = key.parse().ok()?;
                self.given.note(witness::fact(attribute));
                fact(context, attribute)
            }
            Noun::Params => {
                if let Some(witness) = &self.given.witness {
                    witness.param(key);
                }
                let given = layers(context).into_iter().flatten().find_map(|layer| layer.get(key));
                given.or_else(|| self.given.default(key)).map(from_json)
            }
            Noun::Rule => {
                let rule = context.rule.as_deref()?;
                match key {
                    "name" => Some(rule.name.as_str().into()),
                    "priority" => Some(rule.priority.into()),
                    _ => None,
                }
            }
            Noun::Server => {
                self.given.note(if key == "seed_url" { witness::URLS } else { witness::SERVER });
                server(context, key)
            }
            Noun::Failure => {
                let failure = context.failure.as_ref()?;
                match key {
                    "incident" => Some(failure.incident.as_str().into()),
                    "template" => Some(failure.template.as_str().into()),
                    "problem" => Some(failure.problem.as_str().into()),
                    "url" => Some(failure.url.as_str().into()),
                    _ => None,
                }
            }
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        let mut keys: Vec<Value> = match self.noun {
            Noun::Params => {
                self.given.note(witness::ALL_PARAMS);
                let layers = layers(&self.given.context);
                let given = layers.into_iter().flatten().flat_map(Params::keys);
                given.chain(self.given.defaults()).map(|key| key.as_str().into()).collect()
            }
            noun => {
                let known = noun.names().iter().filter(|name| self.get_value_by_str(name).is_some());
                known.map(|name| Value::from(*name)).collect()
            }
        };
        keys.sort();
        keys.dedup();
        Enumerator::Values(keys)
    }

    fn call_method(
        self: &Arc<Self>,
        _: &mut State<'_, '_>,
        method: &str,
        args: &[Value],
    ) -> Result<Value, Error> {
        if !matches!((self.noun, method), (Noun::Server, "url_for")) {
            return Err(Error::new(ErrorKind::UnknownMethod, format!("there is no method {method}")));
        }
        let [kind] = args else {
            return Err(Error::new(ErrorKind::MissingArgument, "write url_for('KIND')"));
        };
        let kind: Kind = kind
            .as_str()
            .unwrap_or_default()
            .parse()
            .map_err(|e| Error::new(ErrorKind::InvalidOperation, format!("url_for: {e}")))?;
        let context = &self.given.context;
        self.given.note(witness::URLS);
        let (server, machine) = (&context.server, context.machine.as_deref());
        let token = server.token.as_deref().filter(|_| kind != Kind::Ipxe);
        Ok(match token {
            Some(token) => document_url_with(&server.base_url, kind, &context.facts, token),
            None => document_url(&server.base_url, kind, &context.facts, machine),
        }
        .into())
    }
}

/// The layers of parameters, highest first.
fn layers(context: &Context) -> [Option<&Params>; 3] {
    [
        context.machine.as_ref().map(|machine| &machine.params),
        context.rule.as_ref().map(|rule| &rule.params),
        context.image.as_ref().map(|image| &image.params),
    ]
}

fn fact(context: &Context, attribute: Attribute) -> Option<Value> {
    context.facts.get(attribute).map(|text| Value::from(&*text))
}

/// What is registered, and otherwise what the machine said. Its MAC is always that of the interface that boots.
fn machine(context: &Context, key: &str) -> Option<Value> {
    let machine = context.machine.as_deref();
    let text = |registered: Option<&String>, attribute| match registered {
        Some(text) => Some(text.as_str().into()),
        None => fact(context, attribute),
    };
    match key {
        "registered" => Some(machine.is_some().into()),
        "name" => machine.map(|machine| machine.name.as_str().into()),
        "mac" => fact(context, Attribute::Mac)
            .or_else(|| machine.and_then(|machine| machine.macs.first()).map(|mac| mac.to_string().into())),
        "macs" => Some(match machine {
            Some(machine) => machine.macs.iter().map(ToString::to_string).collect(),
            None => context.facts.mac.iter().map(ToString::to_string).collect(),
        }),
        "uuid" => machine
            .and_then(|machine| machine.uuid)
            .map(|uuid| uuid.to_string().into())
            .or_else(|| fact(context, Attribute::Uuid)),
        "serial" => text(machine.and_then(|machine| machine.serial.as_ref()), Attribute::Serial),
        "hostname" => text(machine.and_then(|machine| machine.hostname.as_ref()), Attribute::Hostname),
        "labels" => {
            let labels = machine.into_iter().flat_map(|machine| &machine.labels);
            Some(Value::from_pairs(labels.map(|(key, value)| (key.as_str(), value.as_str()))))
        }
        _ => None,
    }
}

fn image(context: &Context, key: &str) -> Option<Value> {
    let image = context.image.as_deref()?;
    let absolute = |path: &String| context.server.absolute(path);
    match key {
        "name" => Some(image.name.as_str().into()),
        "kernel" => image.kernel.as_ref().map(|path| absolute(path).into()),
        "rootfs" => image.rootfs.as_ref().map(|path| absolute(path).into()),
        "args" => Some(image.args.iter().map(String::as_str).collect()),
        "arch" => image.arch.as_deref().map(Value::from),
        "null" => Some(image.is_null().into()),
        _ => None,
    }
}

fn server(context: &Context, key: &str) -> Option<Value> {
    let server = &context.server;
    match key {
        "url" => Some(server.base_url.trim_end_matches('/').into()),
        "asset_url" => Some(server.asset_url.trim_end_matches('/').into()),
        "hold_seconds" => Some(server.hold_seconds.into()),
        "seed_url" => Some(match &server.token {
            Some(token) => seed_url_with(&server.base_url, &context.facts, token).into(),
            None => seed_url(&server.base_url, &context.facts, context.machine.as_deref()).into(),
        }),
        _ => None,
    }
}

/// Three times as fast as going through serde.
fn from_json(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::from(()),
        Json::Bool(yes) => (*yes).into(),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => number.as_f64().unwrap_or_default().into(),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => items.iter().map(from_json).collect(),
        Json::Object(map) => {
            Value::from_pairs(map.iter().map(|(key, value)| (key.as_str(), from_json(value))))
        }
    }
}
