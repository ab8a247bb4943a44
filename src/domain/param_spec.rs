//! What a param is: its type, its default, who must give it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::violation::check_text;
use super::{Violation, nearest};

/// Declared params by name.
pub type ParamSpecs = BTreeMap<String, ParamSpec>;

/// The longest help, in bytes.
const MAX_HELP: usize = 500;

/// The longest value that a message shows, in characters.
const MAX_SHOWN: usize = 60;

/// The fields of a declaration.
const FIELDS: [&str; 6] = ["type", "default", "required", "help", "secret", "choices"];

/// What a template or an image says about one of the params that it takes.
///
/// It reads from a map of its fields, or from the mere name of a type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value")]
pub struct ParamSpec {
    /// What its value must be.
    #[serde(rename = "type")]
    pub ty: ParamType,
    /// What it is where no layer gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Whether a document fails where no layer gives it.
    #[serde(skip_serializing_if = "is_false")]
    pub required: bool,
    /// What it is for, in one line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// Whether its value is for the machine alone: no message shows it.
    #[serde(skip_serializing_if = "is_false")]
    pub secret: bool,
    /// The only values that it can have; any of its type where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Value>,
}

/// What the value of a param can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ParamType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// True or false.
    Boolean,
    /// A list of anything.
    List,
    /// A map of anything.
    Map,
}

/// Why a text is no type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidParamType(String);

/// Why something is no declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidParamSpec {
    /// Its field that is wrong; empty where it is wrong as a whole.
    pub field: String,
    /// What is wrong.
    pub problem: String,
}

impl ParamSpec {
    /// Any value of this type.
    pub fn new(ty: ParamType) -> Self {
        Self { ty, default: None, required: false, help: String::new(), secret: false, choices: Vec::new() }
    }

    /// Whether `value` can stand there; otherwise what is wrong, to follow the name of the param: `is "soon", which is
    /// text; it must be an integer`.
    pub fn accepts(&self, value: &Value) -> Result<(), String> {
        let problem = if !self.ty.takes(value) {
            format!("{}; it must be {}", described(value), self.ty.described())
        } else if !self.choices.is_empty() && !self.choices.contains(value) {
            let choices: Vec<String> = self.choices.iter().map(plain).collect();
            format!("none of {}", choices.join(", "))
        } else {
            return Ok(());
        };
        Err(match self.secret {
            true => format!("is {problem}"),
            false => format!("is {}, which is {problem}", shown(value)),
        })
    }

    /// What holds where this declaration stands before `base`, which is about the same param and further from the
    /// document: what this one leaves open, that one decides. The types are taken to be the same.
    pub fn over(&self, base: &Self) -> Self {
        let default = match (&self.default, self.required) {
            (None, false) => base.default.clone(),
            (own, _) => own.clone(),
        };
        let help = if self.help.is_empty() { &base.help } else { &self.help };
        let choices = if self.choices.is_empty() { &base.choices } else { &self.choices };
        Self {
            ty: self.ty,
            required: self.required || (base.required && default.is_none()),
            default,
            help: help.clone(),
            secret: self.secret || base.secret,
            choices: choices.clone(),
        }
    }

    /// What is wrong with the declaration itself; `field` is where it stands.
    pub fn violations(&self, field: &str) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut add = |part: &str, problem: String| {
            found.push(Violation::new(format!("{field}.{part}"), problem));
        };
        let scalar = matches!(self.ty, ParamType::String | ParamType::Integer | ParamType::Number);
        if !self.choices.is_empty() && !scalar {
            add(
                "choices",
                format!("are for a string, an integer or a number, not for {}", self.ty.described()),
            );
        } else {
            let wrong = self.choices.iter().find(|choice| !self.ty.takes(choice));
            if let Some(choice) = wrong {
                let is = described(choice);
                add(
                    "choices",
                    format!("have {}, which is {is}; it must be {}", shown(choice), self.ty.described()),
                );
            } else if let Some(Err(problem)) = self.default.as_ref().map(|default| self.accepts(default)) {
                add("default", problem);
            }
        }
        if self.required && self.default.is_some() {
            add("required", "is true, but a default is given; give one of them".to_owned());
        }
        if !self.help.is_empty() {
            check_text(&format!("{field}.help"), &self.help, MAX_HELP, &mut found);
        }
        found
    }
}

impl ParamType {
    /// Every type.
    pub const ALL: [Self; 6] =
        [Self::String, Self::Integer, Self::Number, Self::Boolean, Self::List, Self::Map];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::List => "list",
            Self::Map => "map",
        }
    }

    /// What its values are, for a sentence.
    pub const fn described(self) -> &'static str {
        match self {
            Self::String => "text",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::List => "a list",
            Self::Map => "a map",
        }
    }

    /// Whether `value` is of this type. `10.0` is no integer, for it would print so.
    pub fn takes(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Map => value.is_object(),
        }
    }
}

fn described(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "an integer",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// The value as JSON on one line, cut where it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(MAX_SHOWN) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// The same without the quotes of a text.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl TryFrom<Value> for ParamSpec {
    type Error = InvalidParamSpec;

    fn try_from(value: Value) -> Result<Self, InvalidParamSpec> {
        let wrong = |field: &str, problem: String| InvalidParamSpec { field: field.to_owned(), problem };
        let ty = |text: &str| text.parse().map_err(|e: InvalidParamType| wrong("type", e.to_string()));
        let fields = match value {
            Value::String(name) => return Ok(Self::new(ty(&name)?)),
            Value::Object(fields) => fields,
            other => {
                let problem =
                    format!("{} is no declaration; write the type, or a map that has a type", shown(&other));
                return Err(wrong("", problem));
            }
        };
        if let Some(unknown) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
            let hint = match nearest(unknown, FIELDS) {
                Some(known) => format!("did you mean {known}?"),
                None => format!("there are {}", FIELDS.join(", ")),
            };
            return Err(wrong(unknown, format!("is no field of a declaration; {hint}")));
        }
        let is = |field: &str, value: &Value, must: &str| {
            wrong(field, format!("is {}; it must be {must}", shown(value)))
        };
        let mut spec = match fields.get("type") {
            Some(Value::String(name)) => Self::new(ty(name)?),
            Some(other) => return Err(is("type", other, "the name of a type")),
            None => return Err(wrong("", format!("has no type; give it one of {}", all_types()))),
        };
        for (field, value) in fields {
            match (field.as_str(), value) {
                ("default", value) => spec.default = Some(value).filter(|value| !value.is_null()),
                ("required", Value::Bool(yes)) => spec.required = yes,
                ("secret", Value::Bool(yes)) => spec.secret = yes,
                (field @ ("required" | "secret"), other) => return Err(is(field, &other, "true or false")),
                // It may have been folded over several lines.
                ("help", Value::String(text)) => {
                    spec.help = text.split_whitespace().collect::<Vec<_>>().join(" ");
                }
                ("help", other) => return Err(is("help", &other, "text")),
                ("choices", Value::Array(choices)) => spec.choices = choices,
                ("choices", other) => return Err(is("choices", &other, "a list")),
                _ => {}
            }
        }
        Ok(spec)
    }
}

impl FromStr for ParamType {
    type Err = InvalidParamType;

    fn from_str(text: &str) -> Result<Self, InvalidParamType> {
        Self::ALL.into_iter().find(|ty| ty.as_str() == text).ok_or_else(|| InvalidParamType(text.to_owned()))
    }
}

fn all_types() -> String {
    ParamType::ALL.map(ParamType::as_str).join(", ")
}

impl fmt::Display for ParamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for InvalidParamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no type; use one of {}", self.0, all_types())
    }
}

impl std::error::Error for InvalidParamType {}

impl fmt::Display for InvalidParamSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => f.write_str(&self.problem),
            field => write!(f, "{field}: {}", self.problem),
        }
    }
}

impl std::error::Error for InvalidParamSpec {}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(yes: &bool) -> bool {
    !yes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(json: Value) -> ParamSpec {
        json.try_into().unwrap()
    }

    #[test]
    fn takes_what_is_of_its_type_and_says_what_is_not() {
        for (ty, good, bad, problem) in [
            ("integer", json!(15), json!("soon"), "is \"soon\", which is text; it must be an integer"),
            (
                "integer",
                json!(-1),
                json!(10.0),
                "is 10.0, which is a number with a fraction; it must be an integer",
            ),
            ("integer", json!(u64::MAX), json!(null), "is null, which is nothing; it must be an integer"),
            ("number", json!(0.5), json!("1"), "is \"1\", which is text; it must be a number"),
            ("string", json!(""), json!(7), "is 7, which is an integer; it must be text"),
            ("boolean", json!(false), json!("true"), "is \"true\", which is text; it must be true or false"),
            ("list", json!([]), json!({"a": 1}), "is {\"a\":1}, which is a map; it must be a list"),
            ("map", json!({}), json!([1, 2]), "is [1,2], which is a list; it must be a map"),
        ] {
            let spec = spec(json!(ty));
            assert_eq!(spec.accepts(&good), Ok(()), "{ty}");
            assert_eq!(spec.accepts(&bad), Err(problem.to_owned()), "{ty}");
        }
        let secret = spec(json!({"type": "string", "secret": true}));
        assert_eq!(secret.accepts(&json!(5113)), Err("is an integer; it must be text".to_owned()));
        let choice = spec(json!({"type": "string", "choices": ["exit", "sanboot"]}));
        assert_eq!(choice.accepts(&json!("exit")), Ok(()));
        assert_eq!(
            choice.accepts(&json!("exti")),
            Err("is \"exti\", which is none of exit, sanboot".to_owned())
        );
        let long = choice.accepts(&json!("ä".repeat(1000))).unwrap_err();
        assert!(long.contains("äää…, which is none of"), "{long}");
    }

    #[test]
    fn a_declaration_must_agree_with_itself() {
        let problems = |json: Value| {
            let found = spec(json).violations("declares.x");
            found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        for (good, bad, problem) in [
            (
                json!({"type": "integer", "default": 1}),
                json!({"type": "integer", "default": "1"}),
                "declares.x.default: is \"1\", which is text; it must be an integer",
            ),
            (
                json!({"type": "string", "required": true}),
                json!({"type": "string", "required": true, "default": "a"}),
                "declares.x.required: is true, but a default is given; give one of them",
            ),
            (
                json!({"type": "string", "choices": ["a"], "default": "a"}),
                json!({"type": "string", "choices": ["a"], "default": "b"}),
                "declares.x.default: is \"b\", which is none of a",
            ),
            (
                json!({"type": "integer", "choices": [1, 2]}),
                json!({"type": "integer", "choices": [1, "2"]}),
                "declares.x.choices: have \"2\", which is text; it must be an integer",
            ),
            (
                json!({"type": "list", "default": []}),
                json!({"type": "list", "choices": [[]]}),
                "declares.x.choices: are for a string, an integer or a number, not for a list",
            ),
            (
                json!({"type": "map", "help": "folded \n over  lines "}),
                json!({"type": "map", "help": "a\u{1b}[2J"}),
                "declares.x.help: \"a\\u{1b}[2J\" contains the control character '\\u{1b}'; remove it",
            ),
        ] {
            assert_eq!(problems(good), "");
            assert_eq!(problems(bad), problem);
        }
    }

    #[test]
    fn reads_what_it_writes_and_says_what_it_can_not_read() {
        for json in [
            json!({"type": "string"}),
            json!({"type": "list", "default": [1, {"a": null}], "help": "what", "secret": true}),
            json!({"type": "number", "required": true, "choices": [1, 2.5]}),
        ] {
            let read: ParamSpec = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), json);
        }
        assert_eq!(spec(json!("map")), ParamSpec::new(ParamType::Map));
        for (json, problem) in [
            (
                json!("int"),
                "type: \"int\" is no type; use one of string, integer, number, boolean, list, map",
            ),
            (json!({"type": 1}), "type: is 1; it must be the name of a type"),
            (json!({}), "has no type; give it one of string, integer, number, boolean, list, map"),
            (json!([1]), "[1] is no declaration; write the type, or a map that has a type"),
            (
                json!({"type": "list", "requried": true}),
                "requried: is no field of a declaration; did you mean required?",
            ),
            (
                json!({"type": "list", "of": 1}),
                "of: is no field of a declaration; there are type, default, required, help, secret, choices",
            ),
            (json!({"type": "list", "secret": "yes"}), "secret: is \"yes\"; it must be true or false"),
        ] {
            assert_eq!(ParamSpec::try_from(json).unwrap_err().to_string(), problem);
        }
    }

    #[test]
    fn the_nearer_declaration_wins_and_leaves_the_rest_open() {
        let base = spec(json!({"type": "string", "required": true, "help": "a", "choices": ["x", "y"]}));
        let over = |json: Value| serde_json::to_value(spec(json).over(&base)).unwrap();
        assert_eq!(
            over(json!({"type": "string", "default": "x", "secret": true})),
            json!({"type": "string", "default": "x", "help": "a", "secret": true, "choices": ["x", "y"]})
        );
        assert_eq!(over(json!("string"))["required"], json!(true));
        let base = spec(json!({"type": "string", "default": "x"}));
        assert_eq!(spec(json!("string")).over(&base).default, Some(json!("x")));
        let required = spec(json!({"type": "string", "required": true})).over(&base);
        assert_eq!((required.default, required.required), (None, true), "it asks for more");
    }
}
