//! What keys and types a tree may have, and what is wrong with one.

use super::finding::Finding;
use super::rule::Rule;
use super::tree::{Node, Value};
use crate::domain::nearest;

/// What a value may be.
#[derive(Debug)]
pub(super) enum Shape {
    /// Anything: nobody looks.
    Any,
    Bool,
    Number,
    Text,
    List(&'static Shape),
    /// A map with these keys.
    Map(&'static [Field]),
    /// A map from names to values of one shape.
    Names(&'static Shape),
    /// Any of these.
    Either(&'static [Shape]),
}

/// A key of a map.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) required: bool,
    /// The first version of the format that knows it.
    pub(super) since: u32,
}

/// The rules that a format has for what does not fit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) unknown: &'static Rule,
    pub(super) mistyped: &'static Rule,
    pub(super) missing: &'static Rule,
    pub(super) duplicate: &'static Rule,
    /// Whether nothing may stand for any value.
    pub(super) nothing: bool,
    /// The version of the document.
    pub(super) version: u32,
    /// How to say a version.
    pub(super) called: &'static str,
}

/// A key that need not be there.
pub(super) const fn field(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false, since: 0 }
}

/// A key that must be there.
pub(super) const fn required(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: true, since: 0 }
}

/// A key that a later version of the format brought.
pub(super) const fn since(version: u32, field: Field) -> Field {
    Field { name: field.name, shape: field.shape, required: field.required, since: version }
}

/// Finds what in `node` does not fit `shape`. `path` says where `node` is, for people.
pub(super) fn check(node: &Node, shape: &Shape, path: &str, rules: &Rules, found: &mut Vec<Finding>) {
    match (shape, &node.value) {
        (_, Value::Null) if rules.nothing => {}
        (Shape::Any, _)
        | (Shape::Bool, Value::Bool(_))
        | (Shape::Number, Value::Number(_))
        | (Shape::Text, Value::Text(_)) => {}
        (Shape::List(item), Value::List(items)) => {
            for (i, node) in items.iter().enumerate() {
                check(node, item, &format!("{path}[{i}]"), rules, found);
            }
        }
        (Shape::Map(fields), Value::Map(_)) => map(node, fields, path, rules, found),
        (Shape::Names(shape), Value::Map(entries)) => {
            duplicates(node, path, rules, found);
            for (key, node) in entries {
                check(node, shape, &join(path, &key.text), rules, found);
            }
        }
        (Shape::Either(shapes), _) => match shapes.iter().find(|shape| is_like(node, shape)) {
            Some(shape) => check(node, shape, path, rules, found),
            None => found.push(mistyped(node, shape, path, rules)),
        },
        _ => found.push(mistyped(node, shape, path, rules)),
    }
}

/// Finds the keys that a map has twice.
pub(super) fn duplicates(node: &Node, path: &str, rules: &Rules, found: &mut Vec<Finding>) {
    let entries = node.entries();
    for (i, (key, _)) in entries.iter().enumerate() {
        if key.text != "<<" && entries[..i].iter().any(|(before, _)| before.text == key.text) {
            let message = format!("{} is given twice, and only one counts", join(path, &key.text));
            found.push(Finding::new(rules.duplicate, key.range.clone(), message));
        }
    }
}

fn map(node: &Node, fields: &[Field], path: &str, rules: &Rules, found: &mut Vec<Finding>) {
    duplicates(node, path, rules, found);
    for (key, value) in node.entries() {
        let place = join(path, &key.text);
        let Some(field) = fields.iter().find(|field| field.name == key.text) else {
            // A merged map is checked where it is defined.
            if key.text != "<<" {
                found.push(unknown(key, &place, fields, rules));
            }
            continue;
        };
        if field.since > rules.version {
            let message = format!("{place} needs {}{}", rules.called, field.since);
            found.push(Finding::new(rules.unknown, key.range.clone(), message));
        }
        check(value, &field.shape, &place, rules, found);
    }
    let merged = node.get("<<").is_some();
    for field in fields.iter().filter(|field| field.required && !merged && node.get(field.name).is_none()) {
        let end = node.entries().first().map_or(node.range.start + 1, |(key, _)| key.range.end);
        let at = node.entries().first().map_or(node.range.start, |(key, _)| key.range.start);
        let message = format!("{} is missing", join(path, field.name));
        found.push(Finding::new(rules.missing, at..end, message));
    }
}

fn unknown(key: &super::tree::Key, place: &str, fields: &[Field], rules: &Rules) -> Finding {
    let finding = Finding::new(rules.unknown, key.range.clone(), format!("{place} is not known"));
    match nearest(&key.text, fields.iter().map(|field| field.name)) {
        Some(name) => finding.help(format!("did you mean {name}?")),
        None => finding,
    }
}

fn mistyped(node: &Node, shape: &Shape, path: &str, rules: &Rules) -> Finding {
    let end = if matches!(node.value, Value::Map(_) | Value::List(_)) {
        node.range.start + 1
    } else {
        node.range.end
    };
    let message = format!("{path} is {}, and has to be {}", node.what(), wanted(shape));
    Finding::new(rules.mistyped, node.range.start..end.max(node.range.start + 1), message)
}

fn is_like(node: &Node, shape: &Shape) -> bool {
    match (shape, &node.value) {
        (Shape::Any, _)
        | (Shape::Bool, Value::Bool(_))
        | (Shape::Number, Value::Number(_))
        | (Shape::Text, Value::Text(_))
        | (Shape::List(_), Value::List(_))
        | (Shape::Map(_) | Shape::Names(_), Value::Map(_)) => true,
        (Shape::Either(shapes), _) => shapes.iter().any(|shape| is_like(node, shape)),
        _ => false,
    }
}

fn wanted(shape: &Shape) -> String {
    match shape {
        Shape::Any => "anything".to_owned(),
        Shape::Bool => "a boolean".to_owned(),
        Shape::Number => "a number".to_owned(),
        Shape::Text => "a text".to_owned(),
        Shape::List(_) => "a list".to_owned(),
        Shape::Map(_) | Shape::Names(_) => "a map".to_owned(),
        Shape::Either(shapes) => shapes.iter().map(wanted).collect::<Vec<_>>().join(" or "),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
