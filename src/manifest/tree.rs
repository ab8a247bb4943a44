//! YAML and JSON as trees whose every node knows where it stands.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::{Location, Spanned};

/// One value.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where it begins.
    pub(super) at: At,
    pub(super) content: Content,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Nothing, a boolean, a number or a text.
    Scalar(Value),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The key of an entry of a map.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) at: At,
    pub(super) text: String,
}

/// Line and column, counted from 1; 0 where they are not known.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct At {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Node {
    /// The value under a key of a map.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(known, _)| known.text == key).map(|(_, node)| node)
    }

    /// The entries of a map; none of anything else.
    pub(super) fn entries(&self) -> &[(Key, Self)] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; the node itself if it is none.
    pub(super) fn into_items(self) -> Vec<Self> {
        match self.content {
            Content::List(items) => items,
            _ => vec![self],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// What it is, for people.
    pub(super) fn what(&self) -> &'static str {
        match &self.content {
            Content::Scalar(Value::Null) => "nothing",
            Content::Scalar(Value::Bool(_)) => "a boolean",
            Content::Scalar(Value::Number(_)) => "a number",
            Content::Scalar(_) => "a text",
            Content::List(_) => "a list",
            Content::Map(_) => "a map",
        }
    }

    /// The plain value.
    pub(super) fn to_json(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(items) => items.iter().map(Self::to_json).collect(),
            Content::Map(entries) => {
                entries.iter().map(|(key, node)| (key.text.clone(), node.to_json())).collect()
            }
        }
    }

    /// The node that a field such as `macs[0]` or `labels.site/room` names, or the nearest one around it. Keys may have dots:
    /// the longest that fits is meant.
    pub(super) fn at_path(&self, path: &str) -> &Self {
        match &self.content {
            Content::Scalar(_) => self,
            Content::List(items) => {
                let item =
                    path.strip_prefix('[').and_then(|rest| rest.split_once(']')).and_then(|(i, rest)| {
                        Some((items.get(i.parse::<usize>().ok()?)?, rest.trim_start_matches('.')))
                    });
                item.map_or(self, |(item, rest)| item.at_path(rest))
            }
            Content::Map(entries) => {
                let rest = |key: &Key| {
                    let rest = path.strip_prefix(key.text.as_str())?;
                    (rest.is_empty() || rest.starts_with(['.', '['])).then(|| rest.trim_start_matches('.'))
                };
                let fitting =
                    entries.iter().filter_map(|(key, node)| Some((key.text.len(), node, rest(key)?)));
                fitting.max_by_key(|(length, ..)| *length).map_or(self, |(_, node, rest)| node.at_path(rest))
            }
        }
    }
}

impl From<Value> for Node {
    /// The tree of a value that does not know where it stands.
    fn from(value: Value) -> Self {
        let key = |text| Key { at: At::default(), text };
        let content = match value {
            Value::Array(items) => Content::List(items.into_iter().map(Self::from).collect()),
            Value::Object(map) => {
                Content::Map(map.into_iter().map(|(text, value)| (key(text), value.into())).collect())
            }
            scalar => Content::Scalar(scalar),
        };
        Self { at: At::default(), content }
    }
}

impl From<Location> for At {
    fn from(location: Location) -> Self {
        let number = |n| usize::try_from(n).unwrap_or_default();
        Self { line: number(location.line()), column: number(location.column()) }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Self { at: referenced.into(), content: value })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Content, E> {
        Ok(Content::Scalar(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Content, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        Content::deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Scalar(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Content, E> {
        let number = Number::from_f64(value);
        number
            .map(|number| Content::Scalar(number.into()))
            .ok_or_else(|| E::custom(format!("{value} is no number that JSON has; write it in quotes")))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Scalar(text.into()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Content, E> {
        Ok(Content::Scalar(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut entries = Vec::new();
        while let Some(Spanned { value, referenced, .. }) = map.next_key::<Spanned<String>>()? {
            entries.push((Key { at: referenced.into(), text: value }, map.next_value()?));
        }
        Ok(Content::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(root: &Node, path: &str) -> (usize, usize) {
        let At { line, column } = root.at_path(path).at;
        (line, column)
    }

    #[test]
    fn fields_lead_to_places() {
        let text =
            "name: a\nmacs:\n  - x\n  - yy\nlabels:\n  site: a\n  site.room/b: c\nparams: {n: [1, {k: v}]}\n";
        let root: Node = serde_saphyr::from_str(text).unwrap();
        for (path, place) in [
            ("name", (1, 7)),
            ("macs[1]", (4, 5)),
            ("macs[9]", (3, 3)),
            ("labels.site", (6, 9)),
            ("labels.site.room/b", (7, 16)),
            ("labels.none", (6, 3)),
            ("params.n[1].k", (8, 21)),
            ("kernel", (1, 1)),
        ] {
            assert_eq!(at(&root, path), place, "{path}");
        }
        let key = &root.entries()[1].0;
        assert_eq!((key.text.as_str(), key.at.line, key.at.column), ("macs", 2, 1));
    }
}
