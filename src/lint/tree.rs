//! YAML and JSON as a tree whose every node knows where it stands.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle};

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// Its bytes.
    pub(super) range: Range<usize>,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The key of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) range: Range<usize>,
    pub(super) text: String,
}

/// Why a text is no tree.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) at: usize,
    pub(super) why: String,
}

/// Documents nest less; the tree is walked by recursion.
const DEEPEST: usize = 64;

/// Nodes that aliases may add, against bombs.
const MOST_COPIES: usize = 10_000;

impl Node {
    /// The value under a key of a map.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().rev().find(|(known, _)| known.text == key).map(|(_, node)| node)
    }

    /// The entries of a map; none of anything else.
    pub(super) fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// What it is, for people.
    pub(super) fn what(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    fn size(&self) -> usize {
        1 + self.items().iter().map(Self::size).sum::<usize>()
            + self.entries().iter().map(|(_, node)| node.size()).sum::<usize>()
    }
}

/// The first document of a YAML text; nothing if it is empty.
pub(super) fn parse(text: &str) -> Result<Option<Node>, Broken> {
    let mut builder = Builder { text, open: Vec::new(), anchors: BTreeMap::new(), copies: 0, root: None };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| Broken {
            at: e.marker().byte_offset().unwrap_or_default().min(text.len()),
            why: e.info(),
        })?;
        let range = span.byte_range().unwrap_or(0..0);
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && tag.is_none();
                let value = if plain { resolve(&value) } else { Value::Text(value.into_owned()) };
                builder.add(Node { range, value }, anchor)?;
            }
            Event::SequenceStart(_, anchor, _) => builder.open(range, Value::List(Vec::new()), anchor)?,
            Event::MappingStart(_, anchor, _) => builder.open(range, Value::Map(Vec::new()), anchor)?,
            Event::SequenceEnd | Event::MappingEnd => builder.close(range.end)?,
            Event::Alias(anchor) => builder.alias(range, anchor)?,
            Event::DocumentEnd if builder.root.is_some() => return Ok(builder.root),
            _ => {}
        }
    }
    Ok(builder.root)
}

struct Builder<'a> {
    text: &'a str,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    copies: usize,
    root: Option<Node>,
}

struct Open {
    node: Node,
    key: Option<Key>,
    anchor: usize,
}

impl Builder<'_> {
    fn open(&mut self, range: Range<usize>, value: Value, anchor: usize) -> Result<(), Broken> {
        if self.open.len() >= DEEPEST {
            return Err(Broken { at: range.start, why: format!("it nests more than {DEEPEST} levels") });
        }
        self.open.push(Open { node: Node { range, value }, key: None, anchor });
        Ok(())
    }

    fn close(&mut self, end: usize) -> Result<(), Broken> {
        let Some(mut open) = self.open.pop() else { return Ok(()) };
        open.node.range.end = open.node.range.end.max(end);
        self.add(open.node, open.anchor)
    }

    fn alias(&mut self, range: Range<usize>, anchor: usize) -> Result<(), Broken> {
        let unknown = || Broken { at: range.start, why: "the alias is part of what it names".to_owned() };
        let node = self.anchors.get(&anchor).cloned().ok_or_else(unknown)?;
        self.copies += node.size();
        if self.copies > MOST_COPIES {
            return Err(Broken { at: range.start, why: "its aliases make too much of it".to_owned() });
        }
        self.add(Node { range, ..node }, 0)
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Broken> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return Ok(());
        };
        match &mut open.node.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match open.key.take() {
                None => open.key = Some(key(self.text, node)),
                Some(key) => entries.push((key, node)),
            },
            _ => {}
        }
        Ok(())
    }
}

fn key(text: &str, node: Node) -> Key {
    let said = match node.value {
        Value::Text(said) => said,
        _ => text.get(node.range.clone()).unwrap_or_default().trim().to_owned(),
    };
    Key { range: node.range, text: said }
}

/// What a plain scalar is in YAML 1.1, which is what cloud-init, netplan and Subiquity read.
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Value::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let hexadecimal = digits.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
    if let Some(number) = hexadecimal.and_then(|number| u32::try_from(number).ok()) {
        return Value::Number(f64::from(number));
    }
    let numeric = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    match text.parse::<f64>() {
        Ok(number) if numeric => Value::Number(number),
        _ => Value::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_types_and_places() {
        let text = "a: [1, yes, 'yes', ~]\nb: &x\n  c: 0644\nd: *x\n";
        let root = parse(text).unwrap().unwrap();
        let items: Vec<&str> = root.get("a").unwrap().items().iter().map(Node::what).collect();
        assert_eq!(items, ["a number", "a boolean", "a text", "nothing"]);
        let (key, _) = &root.entries()[1];
        assert_eq!((&text[key.range.clone()], key.text.as_str()), ("b", "b"));
        assert_eq!(root.get("d").unwrap().get("c").unwrap().what(), "a number");
        assert_eq!(&text[root.get("d").unwrap().range.clone()], "*x");
        assert_eq!(parse("").unwrap(), None);
        assert_eq!(parse("# only\n").unwrap(), None);
        assert_eq!(parse("a: b: c").unwrap_err().at, 4);
    }

    #[test]
    fn bombs_are_refused() {
        let mut bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for (to, from) in ["b", "c", "d", "e", "f", "g"].iter().zip(["a", "b", "c", "d", "e", "f"]) {
            bomb += &format!("{to}: &{to} [{}]\n", format!("*{from},").repeat(9));
        }
        assert!(parse(&bomb).unwrap_err().why.contains("aliases"));
        assert!(parse(&"[".repeat(5000)).is_err());
    }
}
