//! What a source says about itself in the comments at its very top: that it is a partial, and which params it takes.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

use super::error::RenderError;
use crate::domain::{InvalidProtect, ParamSpec, ParamSpecs, Protect};

/// More params in one template are a mistake.
const MAX_PARAMS: usize = 200;

/// Defaults nest less.
const MAX_DEPTH: usize = 16;

/// The comments at the top of a source.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Header {
    /// Whether one of them begins with `partial`: the source is only ever included.
    pub(super) partial: bool,
    /// What the one declares whose first line is `params`.
    pub(super) declared: ParamSpecs,
    /// What the one asks for that begins with `protect:`.
    pub(super) protect: Option<Protect>,
    /// Where each of these is declared.
    pub(super) places: BTreeMap<String, Range<usize>>,
}

/// What is wrong at a place in the source.
struct Wrong {
    at: Range<usize>,
    problem: String,
}

impl Header {
    /// Reads the header of `source`, which is the template `name`.
    pub(super) fn of(name: &str, source: &str) -> Result<Self, RenderError> {
        let mut header = Self::default();
        let mut seen = false;
        for comment in comments(source) {
            let text = &source[comment.clone()];
            header.partial |= text.trim_start().starts_with("partial");
            let wrong = |wrong: Wrong| RenderError::syntax(name, source, &wrong.problem, &wrong.at);
            if let Some(asked) = text.trim().strip_prefix("protect:") {
                let invalid =
                    |e: InvalidProtect| wrong(Wrong { at: comment.clone(), problem: e.to_string() });
                let protect: Protect = asked.trim().parse().map_err(invalid)?;
                header.protect = Some(header.protect.unwrap_or_default().and(protect));
            }
            let Some(yaml) = declaration(source, comment) else { continue };
            if seen {
                let problem = "there is a second comment that declares params; put them into one".to_owned();
                return Err(wrong(Wrong { at: yaml, problem }));
            }
            seen = true;
            header.read(source, yaml).map_err(wrong)?;
        }
        Ok(header)
    }

    fn read(&mut self, source: &str, yaml: Range<usize>) -> Result<(), Wrong> {
        let whole = yaml.clone();
        let mut tree = Tree::new(yaml.start);
        let Some(root) = tree.parse(&source[yaml])? else { return Ok(()) };
        let Value::Object(params) = root else {
            return Err(Wrong {
                at: whole,
                problem: "params are declared as a map: `NAME: TYPE`, or `NAME: { type: TYPE, … }`"
                    .to_owned(),
            });
        };
        if params.len() > MAX_PARAMS {
            let problem = format!("declares {} params; at most {MAX_PARAMS} are allowed", params.len());
            return Err(Wrong { at: whole, problem });
        }
        for (name, json) in params {
            let place = |field: &str| {
                let field = [name.clone(), field.to_owned()];
                let at = tree.keys.get(&field[..]).or_else(|| tree.keys.get(&field[..1]));
                at.cloned().unwrap_or_else(|| whole.clone())
            };
            let wrong = |field: &str, problem: &str| {
                let what = if field.is_empty() { String::new() } else { format!(": {field}") };
                Wrong { at: place(field), problem: format!("the declaration of {name}{what} {problem}") }
            };
            if !is_name(&name) {
                return Err(wrong(
                    "",
                    "can not be: a name is 1 to 63 of A-Z a-z 0-9 _ beginning with a letter or _",
                ));
            }
            let spec = ParamSpec::try_from(json).map_err(|e| wrong(&e.field, &e.problem))?;
            if let Some(violation) = spec.violations(&name).first() {
                let field = violation.field.rsplit('.').next().unwrap_or_default();
                return Err(wrong(field, &violation.problem));
            }
            self.places.insert(name.clone(), place(""));
            self.declared.insert(name, spec);
        }
        Ok(())
    }
}

/// What is within each comment at the top of the source, without the marks for white space.
fn comments(source: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &source[at..];
        let open = at + rest.len() - rest.trim_start().len();
        let inside = source[open..].strip_prefix("{#")?;
        let (start, end) = (open + 2, open + 2 + inside.find("#}")?);
        at = end + 2;
        let text = &source[start..end];
        let head = usize::from(text.starts_with(['-', '+']));
        let tail = usize::from(text.len() > head && text.ends_with(['-', '+']));
        Some(start + head..end - tail)
    })
}

/// The YAML of a comment whose first line is `params` and nothing else.
fn declaration(source: &str, comment: Range<usize>) -> Option<Range<usize>> {
    let (first, _) = source[comment.clone()].split_once('\n')?;
    let word = first.trim();
    matches!(word, "params" | "params:").then(|| comment.start + first.len() + 1..comment.end)
}

/// What a template can write as `params.NAME`.
fn is_name(name: &str) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first && name.len() <= 63 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A YAML document on its way to JSON, with the place of each key of its two outer levels.
struct Tree {
    /// Where the document begins in the source.
    start: usize,
    open: Vec<Open>,
    root: Option<Value>,
    keys: BTreeMap<Vec<String>, Range<usize>>,
}

/// A list or map that is being read.
enum Open {
    List(Vec<Value>),
    Map(Map<String, Value>, Option<String>),
}

impl Tree {
    fn new(start: usize) -> Self {
        Self { start, open: Vec::new(), root: None, keys: BTreeMap::new() }
    }

    /// Nothing where the document is empty. The core schema of YAML 1.2 holds: `yes` is a word.
    fn parse(&mut self, text: &str) -> Result<Option<Value>, Wrong> {
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|e| {
                let at = self.start + e.marker().byte_offset().unwrap_or_default().min(text.len());
                Wrong {
                    at: at..at,
                    problem: format!("the declaration of the params is no YAML: {}", e.info()),
                }
            })?;
            let range = span.byte_range().unwrap_or_default();
            let at = self.start + range.start..self.start + range.end;
            let refuse = |problem: &str| Err(Wrong { at: at.clone(), problem: problem.to_owned() });
            match event {
                Event::Scalar(_, _, anchor, tag) if anchor != 0 || tag.is_some() => {
                    return refuse("anchors and tags are not for declarations; write the value itself");
                }
                Event::Alias(_) => return refuse("aliases are not for declarations; write the value itself"),
                Event::Scalar(text, style, ..) => {
                    let value = match style {
                        ScalarStyle::Plain => plain(&text),
                        _ => Value::String(text.into_owned()),
                    };
                    self.add(value, at)?;
                }
                Event::SequenceStart(..) | Event::MappingStart(..) if self.open.len() >= MAX_DEPTH => {
                    return refuse("nests too deep for a declaration");
                }
                Event::SequenceStart(..) => self.open.push(Open::List(Vec::new())),
                Event::MappingStart(..) => self.open.push(Open::Map(Map::new(), None)),
                Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                    Some(Open::List(items)) => self.add(Value::Array(items), at)?,
                    Some(Open::Map(map, _)) => self.add(Value::Object(map), at)?,
                    None => {}
                },
                Event::DocumentStart(..) if self.root.is_some() => {
                    return refuse("there is a second document; declare all params in one");
                }
                _ => {}
            }
        }
        Ok(self.root.take().filter(|root| !root.is_null()))
    }

    fn add(&mut self, value: Value, at: Range<usize>) -> Result<(), Wrong> {
        let depth = self.open.len();
        let outer = match self.open.first() {
            Some(Open::Map(_, Some(key))) if depth > 1 => Some(key.clone()),
            _ => None,
        };
        match self.open.last_mut() {
            None => self.root = Some(value),
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map(map, key @ None)) => {
                let name = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                if map.contains_key(&name) {
                    return Err(Wrong { at, problem: format!("{name} is given twice") });
                }
                if depth <= 2 {
                    self.keys.insert(outer.into_iter().chain([name.clone()]).collect(), at);
                }
                *key = Some(name);
            }
            Some(Open::Map(map, key)) => drop(map.insert(key.take().unwrap_or_default(), value)),
        }
        Ok(())
    }
}

/// What a word without quotes is: the words and numbers of JSON are themselves, anything else is text.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" => Value::Null,
        _ => match serde_json::from_str(text) {
            Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => value,
            _ => Value::String(text.to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn header(source: &str) -> Result<Header, String> {
        Header::of("t", source).map_err(|e| e.summary())
    }

    #[test]
    fn reads_the_comments_at_the_top() {
        let source = "{#- partial: the end -#}\n{#- What it is for. -#}\n{#- params\n\
                      a: { type: integer, default: 3, help: how many }\n\
                      b: string # short\n\
                      c:\n  type: list\n  default:\n    - x\n    - yes\n    - 3.3.0\n  help: >\n    over\n    lines\n-#}\n#!ipxe\n";
        let header = header(source).unwrap();
        assert!(header.partial);
        assert_eq!(
            serde_json::to_value(&header.declared).unwrap(),
            json!({
                "a": {"type": "integer", "default": 3, "help": "how many"},
                "b": {"type": "string"},
                "c": {"type": "list", "default": ["x", "yes", "3.3.0"], "help": "over lines"},
            })
        );
        assert_eq!(&source[header.places["b"].clone()], "b");
    }

    #[test]
    fn prose_declares_nothing() {
        for source in [
            "",
            "#!ipxe\n{#- params\na: string\n-#}",
            "{#- params: ssh_keys ([]): the keys -#}",
            "{# What it is for.\n params: a, b #}",
            "{#- params\n-#}",
            "{#- params\n# none yet\n-#}",
            "{# params\na: string",
            "{##}{#-#}{#- -#}",
        ] {
            assert_eq!(header(source), Ok(Header::default()), "{source}");
        }
    }

    #[test]
    fn says_where_a_declaration_is_wrong() {
        for (yaml, problem) in [
            ("a: [", "t:2:4: syntax error: the declaration of the params is no YAML: "),
            (
                "a: int",
                "t:2:1: syntax error: the declaration of a: type \"int\" is no type; use one of string, ",
            ),
            (
                "a: integer\nb: { type: list, requierd: true }",
                "t:3:18: syntax error: the declaration of b: requierd is no field of a declaration; did you mean required?",
            ),
            (
                "a:\n  type: integer\n  default: soon",
                "t:4:3: syntax error: the declaration of a: default is \"soon\", which is text; it must be an integer",
            ),
            ("a: { help: x }", "t:2:1: syntax error: the declaration of a has no type; give it one of "),
            ("a: string\na: list", "t:3:1: syntax error: a is given twice"),
            ("a-b: string", "t:2:1: syntax error: the declaration of a-b can not be: a name is "),
            ("- a", "t:2:1: syntax error: params are declared as a map"),
            ("a: &x string", "t:2:7: syntax error: anchors and tags are not for declarations"),
            (
                "a: string\n-#}{#- params\nb: string",
                "t:4:1: syntax error: there is a second comment that declares params",
            ),
        ] {
            let told = header(&format!("{{#- params\n{yaml}\n-#}}\n")).unwrap_err();
            assert!(told.starts_with(problem), "{yaml}: {told}");
        }
    }
}
