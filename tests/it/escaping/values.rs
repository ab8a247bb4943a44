//! Hostile values, and every way by which one reaches a template.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use pxe_init::domain::{Image, Kind, Machine};
use pxe_init::http::facts_from_query;
use pxe_init::render::{Context, Limits, Reason, RenderError, TemplateSet, sample};
use serde_json::json;

static SET: LazyLock<TemplateSet> = LazyLock::new(|| TemplateSet::compile([], Limits::default()));

/// Pieces that mean something to one of the readers, or to what stands beside the value in a template.
const PIECES: &[&str] = &[
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{1b}[2J",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "\u{fdd0}",
    "\u{fdd3}",
    " ",
    "  ",
    "${net0/mac}",
    "${",
    "$",
    "{",
    "{net0/mac}",
    "}",
    "||",
    "&&",
    "|",
    "&",
    ";",
    "#",
    " #",
    "'",
    "\"",
    "\\",
    "`",
    "$(id)",
    "`id`",
    "-",
    "--",
    "--name",
    "-n",
    ":",
    ": ",
    "- ",
    "? ",
    "[",
    "]",
    ",",
    ", b: ",
    "%",
    "%end",
    "%post",
    "!",
    "!!int ",
    "&a",
    "*a",
    "@",
    ">",
    ">out",
    "<<EOF",
    "EOF",
    "=",
    "~",
    "*",
    "?",
    "..",
    "/",
    "reboot",
    "true",
    "null",
    "a b",
    "a\" b=\"c",
    "\"a b\"",
    "{x",
    "x: y",
    "x #y",
    " -- ",
    "0x1f",
    "1e3",
    "a",
    "b",
    "z",
    "ü",
    "日",
    "😀",
];

/// Mostly few pieces.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(PIECES);
    prop_oneof![
        4 => prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat()),
        1 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => "[ -~]{1,12}",
        1 => "\\PC{1,8}",
    ]
}

/// Tries each piece alone and before other text, arriving by one way, and random values arriving by every way.
pub(super) fn try_all(check: impl Fn(&Arrival) -> Result<(), TestCaseError>) {
    for piece in PIECES {
        for value in [(*piece).to_owned(), format!("{piece}a")] {
            let mut arrival = Arrival::of(&value);
            arrival.ways.retain(|(expression, _)| *expression == "params.v");
            check(&arrival).unwrap_or_else(|e| panic!("{value:?}: {e}"));
        }
    }
    let mut runner =
        TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) });
    runner.run(&hostile(), |value| check(&Arrival::of(&value))).unwrap_or_else(|e| panic!("{e}"));
}

/// Values for readers that are asked in one go, always the same.
pub(super) fn many(count: usize) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let strategy = hostile();
    let random = (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current());
    PIECES.iter().map(|piece| (*piece).to_owned()).chain(random).collect()
}

/// One context in which `value` arrives by every way there is.
pub(super) struct Arrival {
    pub(super) value: String,
    pub(super) context: Context,
    /// The expressions that give it, and what it is there: facts lose the spaces around them.
    pub(super) ways: Vec<(&'static str, String)>,
}

impl Arrival {
    pub(super) fn of(value: &str) -> Self {
        let encoded = utf8_percent_encode(value, NON_ALPHANUMERIC);
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let query = |key: &str| format!("mac=52-54-00-12-34-56&{key}={encoded}");
        let mut ways = Vec::new();
        let mut said = Vec::new();
        for (key, expression) in [
            ("hostname", "facts.hostname"),
            ("serial", "facts.serial"),
            ("asset", "facts.asset"),
            ("product", "facts.product"),
            ("manufacturer", "facts.manufacturer"),
            ("domain", "facts.domain"),
        ] {
            // What is no fact is refused with a 400 before any template sees it.
            let Ok(facts) = facts_from_query(&query(key), ip) else { continue };
            let Some(text) = facts.get(key.parse().unwrap()).map(Cow::into_owned) else { continue };
            said.push(query(key).split_once('&').unwrap().1.to_owned());
            ways.push((expression, text));
        }
        let facts = facts_from_query(&format!("mac=52-54-00-12-34-56&{}", said.join("&")), ip).unwrap();
        let mut machine = Machine::new("m".parse().unwrap());
        machine.macs.extend(facts.mac);
        machine.hostname = Some(value.to_owned());
        machine.serial = Some(value.to_owned());
        machine.labels.insert("v".to_owned(), value.to_owned());
        let params = json!({ "v": value, "list": [value], "map": { "k": value } });
        machine.params = params.as_object().unwrap().clone().into_iter().collect();
        let mut image = Image::new("i".parse().unwrap());
        image.kernel = Some("vmlinuz".to_owned());
        image.args = vec![value.to_owned()];
        image.params.insert("inherited".to_owned(), value.into());
        for expression in [
            "machine.hostname",
            "machine.serial",
            "machine.labels.v",
            "params.v",
            "params.list[0]",
            "params.map.k",
            "params.inherited",
            "image.args[0]",
        ] {
            ways.push((expression, value.to_owned()));
        }
        let context = Context {
            facts: Arc::new(facts),
            machine: Some(Arc::new(machine)),
            image: Some(Arc::new(image)),
            ..sample::all()[0].context.clone()
        };
        Self { value: value.to_owned(), context, ways }
    }

    /// The document that `source` makes, or nothing if it refuses the value that `expression` gives, by its name.
    pub(super) fn render(&self, kind: Kind, source: &str, expression: &str) -> Option<String> {
        match SET.render_source(kind, "t", source, &self.context) {
            Ok(text) => Some(text),
            Err(RenderError { reason: Reason::RefusedValue { variable, why }, .. }) => {
                assert_eq!(variable.as_deref(), Some(expression), "{source:?} says: {why}");
                None
            }
            Err(e) => panic!("{source:?}: {e}"),
        }
    }
}
