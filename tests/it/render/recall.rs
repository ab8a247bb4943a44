//! A document that is recalled is the one that rendering it would make.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use pxe_init::domain::{Attribute, Facts, Image, Kind, Machine, Rule, Template};
use pxe_init::render::{Context, Limits, TemplateSet, sample};
use serde_json::{Value, json};

/// Each reads something in a way of its own; some only under a condition.
const SOURCES: [&str; 22] = [
    "constant",
    "{{ facts.product|default('-') }} {{ facts.ip|default('-') }}",
    "{% for name in facts %}{{ name }}={{ facts[name] }} {% endfor %}",
    "{% for key in params %}{{ key }}={{ params[key]|json }} {% endfor %}",
    "{{ params|json }}",
    "{{ machine|json }}",
    "{% set m = machine %}{{ m.mac|default('-') }} {{ m.uuid|default('-') }} {{ m.serial|default('-') }} {{ m.hostname|default('-') }}",
    "{{ machine.macs|join(' ') }}{{ machine.name|default('-') }}",
    "{{ machine.labels|json }}",
    "{% if machine.registered %}{{ machine.labels.rack|default('-') }}{% endif %}",
    "{% if rule is defined %}{{ rule.name }} {{ rule.priority }}{% endif %}",
    "{{ rule|default('none')|json }}",
    "{% if image is defined %}{{ image|json }}{% endif %}",
    "{{ server.url_for('ignition') }}",
    "{{ server.seed_url }}",
    "{{ server|json }}",
    "{% if params.x is defined %}{{ params.x|json }}{% else %}{{ facts.serial|default('-') }}{% endif %}",
    "{% if facts.platform|default('') == 'efi' %}{{ params.y|default(0)|json }}{% else %}{{ machine.hostname|default('-') }}{% endif %}",
    "{#- params\nx: { type: integer, default: 3 }\n-#}{% if facts.arch is defined %}{{ params.x }}{% endif %}",
    "{% macro show(what) %}{{ what.x|default('-')|json }}{% endmacro %}{{ show(params) }}",
    "{{ [machine, params]|json }}{{ params|length }}{{ 'y' in params }}",
    "{% if machine == params or params == machine %}same{% endif %}{{ params|items|list|json }}",
];

/// One set for all cases, so that each may recall what another left.
static SET: LazyLock<TemplateSet> = LazyLock::new(|| TemplateSet::compile(&templates(), Limits::default()));

fn templates() -> Vec<Template> {
    let template = |(i, source): (usize, &&str)| {
        Template::new(format!("t{i}").parse().unwrap(), Kind::Text, (*source).to_owned())
    };
    SOURCES.iter().enumerate().map(template).collect()
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(1)),
        Just(json!("1")),
        Just(json!(1.0)),
        Just(json!(-1)),
        Just(json!(u64::MAX)),
        Just(json!([])),
        Just(json!([["a"], "b"])),
        Just(json!([["a", "b"]])),
        Just(json!({ "a": "b" })),
        Just(json!({ "a": { "b": [] } })),
        Just(json!("")),
    ]
}

fn params() -> impl Strategy<Value = Vec<(String, Value)>> {
    proptest::collection::vec(("[xyz]", value()), 0..3)
}

/// What a machine says: few values, so that two of them often differ in one only.
fn facts() -> impl Strategy<Value = Facts> {
    let said = |attribute: Attribute, pattern: &'static str| {
        proptest::option::of(pattern.prop_map(move |value| (attribute, value)))
    };
    let said = (
        said(Attribute::Mac, "02:00:00:00:00:0[12]"),
        said(Attribute::Uuid, "4c4c4544-0042-3510-8052-b4c04f4d353[12]"),
        said(Attribute::Serial, "S[12]|S"),
        said(Attribute::Hostname, "h[12]"),
        said(Attribute::Product, "[12]"),
        said(Attribute::Platform, "efi|pcbios"),
        said(Attribute::Arch, "arm64|i386"),
        said(Attribute::Ip, "10\\.0\\.0\\.[12]|::1"),
    );
    said.prop_map(|(a, b, c, d, e, f, g, h)| {
        let mut facts = Facts::default();
        for (attribute, value) in [a, b, c, d, e, f, g, h].into_iter().flatten() {
            facts.set(attribute, &value).unwrap();
        }
        facts
    })
}

fn machine() -> impl Strategy<Value = Machine> {
    let macs = proptest::collection::vec("02:00:00:00:00:0[12]", 0..3);
    let labels = proptest::collection::btree_map("rack|row", "[12]", 0..3);
    let uuid = proptest::option::of("4c4c4544-0042-3510-8052-b4c04f4d353[12]");
    let texts = (proptest::option::of("S[12]|S"), proptest::option::of("h[12]"));
    ("m[12]", macs, uuid, texts, labels, params()).prop_map(|(name, macs, uuid, texts, labels, params)| {
        Machine {
            macs: macs.iter().map(|mac| mac.parse().unwrap()).collect(),
            uuid: uuid.map(|uuid| uuid.parse().unwrap()),
            serial: texts.0,
            hostname: texts.1,
            labels,
            params: params.into_iter().collect(),
            ..Machine::new(name.parse().unwrap())
        }
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    ("r[12]", 0..2, params()).prop_map(|(name, priority, params)| Rule {
        priority,
        params: params.into_iter().collect(),
        ..Rule::new(name.parse().unwrap())
    })
}

fn image() -> impl Strategy<Value = Image> {
    (proptest::option::of("k[12]|http://k/1"), params(), proptest::option::of(value())).prop_map(
        |(kernel, params, default)| {
            let mut image = Image { kernel, ..Image::new("image".parse().unwrap()) };
            image.params = params.into_iter().collect();
            if let Some(Value::Number(default)) = default.filter(Value::is_i64) {
                let spec = json!({ "type": "integer", "default": default });
                image.declares.insert("x".to_owned(), serde_json::from_value(spec).unwrap());
            }
            image
        },
    )
}

fn context() -> impl Strategy<Value = Context> {
    let image = proptest::option::of(image());
    let rule = proptest::option::of(rule());
    (facts(), proptest::option::of(machine()), image, rule, "http://[ab]", 30..32u32).prop_map(
        |(facts, machine, image, rule, base, hold)| {
            let mut context = sample::all()[0].context.clone();
            let server = Arc::make_mut(&mut context.server);
            (server.asset_url, server.base_url, server.hold_seconds) =
                (format!("{base}/assets"), base.into(), hold);
            Context {
                facts: facts.into(),
                machine: machine.map(Arc::new),
                image: image.map(Arc::new),
                rule: rule.map(Arc::new),
                ..context
            }
        },
    )
}

/// `context` with one thing from `other`.
fn crossed(context: &Context, other: &Context, nth: usize) -> Context {
    let mut crossed = context.clone();
    let attributes = Attribute::ALL.len();
    match nth {
        0 => crossed.machine = other.machine.clone(),
        1 => crossed.image = other.image.clone(),
        2 => crossed.rule = other.rule.clone(),
        3 => crossed.server = other.server.clone(),
        4 => crossed.facts = other.facts.clone(),
        nth => {
            let attribute = Attribute::ALL[nth % attributes];
            let mut facts = Facts::default();
            for (known, value) in context.facts.iter().filter(|(known, _)| *known != attribute) {
                facts.set(known, &value).unwrap();
            }
            if let Some(value) = other.facts.get(attribute) {
                facts.set(attribute, &value).unwrap();
            }
            crossed.facts = facts.into();
        }
    }
    crossed
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_is_recalled_is_what_would_be_rendered(one in context(), other in context()) {
        let mut contexts = vec![one.clone(), one.clone()];
        contexts.extend((0..5 + Attribute::ALL.len()).map(|nth| crossed(&one, &other, nth)));
        contexts.extend([other, one]);
        for entry in SET.iter() {
            let name = entry.template.name.as_str();
            for context in &contexts {
                let recalled = SET.render_or_recall(name, context).map(String::from);
                prop_assert_eq!(recalled, SET.render(name, context), "{} for {:?}", name, context);
            }
        }
    }
}

#[test]
fn names_that_machines_make_up_are_not_remembered_without_end() {
    let source = "{{ params[facts.serial]|default('-') }}{{ params['S7']|default('-') }}";
    let template = Template::new("named".parse().unwrap(), Kind::Text, source);
    let set = TemplateSet::compile([&template], Limits::default());
    let mut context = sample::all()[0].context.clone();
    for nth in (0..300).chain(0..300) {
        let mut machine = Machine::new("m".parse().unwrap());
        machine.params.insert(format!("S{}", nth % 3), json!(nth));
        context.machine = Some(machine.into());
        context.facts = Facts { serial: Some(format!("S{nth}")), ..Facts::default() }.into();
        let document = set.render_or_recall("named", &context).map(String::from);
        assert_eq!(document, set.render("named", &context));
    }
}

#[test]
fn a_failure_is_told_as_it_is() {
    let mut context = sample::all()[0].context.clone();
    for incident in ["1111", "2222", "1111"] {
        context.failure = Some(sample::failure());
        context.failure.as_mut().unwrap().incident = incident.to_owned();
        let document = SET.render_or_recall("error", &context).unwrap();
        assert!(document.contains(incident), "{document:?}");
    }
}

#[test]
fn the_same_bytes_are_handed_out_again() {
    let mut context = sample::all()[0].context.clone();
    let first = bytes::Bytes::from(SET.render_or_recall("boot.ipxe", &context).unwrap());
    (context.machine, context.facts) = (None, Arc::default());
    let again = bytes::Bytes::from(SET.render_or_recall("boot.ipxe", &context).unwrap());
    assert_eq!(first.as_ptr(), again.as_ptr(), "it reads nothing of the machine");
    assert!(!first.is_empty());
}

#[test]
fn what_is_kept_is_bounded_and_stays_right() {
    let source = "{{ facts.serial }} {{ 'x'|indent(1) }}{% for i in range(600) %}0123456789{% endfor %}";
    let template = Template::new("big".parse().unwrap(), Kind::Text, source);
    let set = TemplateSet::compile([&template], Limits::default());
    let mut context = sample::all()[0].context.clone();
    // Some 18 MB: more than is kept.
    for nth in (0..3_000).chain(0..50).chain(2_950..3_000) {
        context.facts = Facts { serial: Some(format!("S{nth}")), ..Facts::default() }.into();
        let document = set.render_or_recall("big", &context).unwrap();
        assert!(document.starts_with(&format!("S{nth} x0123")) && document.size() > 6_000);
    }
    assert!(set.kept_bytes() > 8 << 20 && set.kept_bytes() <= 16 << 20, "{}", set.kept_bytes());
}
