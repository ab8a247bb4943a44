//! Declared params: what a template gets, what it refuses, and what is found out about it.

use std::collections::BTreeSet;

use pxe_init::domain::{Kind, Labels, Name, Template};
use pxe_init::render::{Context, Limits, Reason, TemplateSet, sample};
use serde_json::{Value, json};

fn set(templates: &[(&str, &str)]) -> TemplateSet {
    let template = |(name, source): &(&str, &str)| Template {
        name: name.parse().unwrap(),
        kind: Kind::Text,
        head: 1,
        labels: Labels::new(),
        source: (*source).into(),
    };
    let templates: Vec<_> = templates.iter().map(template).collect();
    TemplateSet::compile(&templates, Limits::default())
}

/// A context with an image, a rule and a machine, each with these params, and what the image declares.
fn context(image: Value, rule: Value, machine: Value, declares: Value) -> Context {
    let mut context = sample::all()[5].context.clone();
    let params = |json: Value| serde_json::from_value(json).unwrap();
    let mut of_image = (**context.image.as_ref().unwrap()).clone();
    of_image.params = params(image);
    of_image.declares = serde_json::from_value(declares).unwrap();
    let mut of_rule = (**context.rule.as_ref().unwrap()).clone();
    of_rule.params = params(rule);
    let mut of_machine = (**context.machine.as_ref().unwrap()).clone();
    of_machine.params = params(machine);
    context.image = Some(of_image.into());
    context.rule = Some(of_rule.into());
    context.machine = Some(of_machine.into());
    context
}

fn plain() -> Context {
    context(json!({}), json!({}), json!({}), json!({}))
}

fn render(source: &str, context: &Context) -> Result<String, String> {
    set(&[("t", source)]).render("t", context).map_err(|e| e.summary())
}

const SOURCE: &str = "{#- params\nn: { type: integer, default: 3, help: how many }\n-#}\n{{ params.n }}";

#[test]
fn the_nearest_layer_wins_and_the_template_s_default_comes_last() {
    let declares = json!({"n": {"type": "integer", "default": 4}});
    let (none, n) = (json!({}), |n: i32| json!({"n": n}));
    for (context, expected) in [
        (context(none.clone(), none.clone(), none.clone(), none.clone()), "3"),
        (context(none.clone(), none.clone(), none.clone(), declares.clone()), "4"),
        (context(n(5), none.clone(), none.clone(), declares.clone()), "5"),
        (context(n(5), n(6), none.clone(), declares.clone()), "6"),
        (context(n(5), n(6), n(7), declares), "7"),
        (context(none.clone(), none.clone(), none.clone(), json!({"n": "integer"})), "3"),
    ] {
        assert_eq!(render(SOURCE, &context).as_deref(), Ok(expected));
    }
    let all = "{#- params\na: { type: string, default: x }\nb: string\n-#}\n{% for k, v in params|items %}{{ k }}={{ v }} {% endfor %}{{ 'yes' if params.a is defined else 'no' }} {{ 'yes' if params.b is defined else 'no' }}";
    let given =
        context(json!({"c": 1}), json!({}), json!({}), json!({"d": {"type": "integer", "default": 2}}));
    assert_eq!(render(all, &given).as_deref(), Ok("a=x c=1 d=2 yes no"));
}

#[test]
fn a_value_of_another_type_is_refused_with_its_layer() {
    let soon = json!({"n": "soon"});
    let (none, good) = (json!({}), json!({"n": 1}));
    let problem = "is \"soon\", which is text; it must be an integer";
    for (context, layer) in [
        (context(soon.clone(), none.clone(), none.clone(), none.clone()), "image coreos"),
        (context(good.clone(), soon.clone(), none.clone(), none.clone()), "rule databases"),
        (context(good.clone(), good.clone(), soon.clone(), none.clone()), "machine db-1"),
    ] {
        assert_eq!(render(SOURCE, &context), Err(format!("t: params.n of the {layer} {problem}")));
    }
    let hidden = context(soon, good.clone(), none.clone(), none.clone());
    assert_eq!(render(SOURCE, &hidden).as_deref(), Ok("1"), "what is not used is not looked at");
    // What the image declares counts for the documents that read it, and for no others.
    let declared = context(good, none.clone(), none, json!({"n": "boolean"}));
    let told = render("{{ params.n }}", &declared).unwrap_err();
    assert_eq!(told, "t: params.n of the image coreos is 1, which is an integer; it must be true or false");
    assert_eq!(render("x", &declared).as_deref(), Ok("x"));
}

#[test]
fn a_secret_is_in_no_error() {
    let source = "{#- params\npin: { type: string, secret: true }\n-#}\n{{ params.pin }}";
    let given = context(json!({"pin": 5113}), json!({}), json!({}), json!({}));
    assert_eq!(
        render(source, &given),
        Err("t: params.pin of the image coreos is an integer; it must be text".to_owned())
    );
    // The image may say so of a param that the template does not call secret.
    let declares = json!({"pin": {"type": "string", "secret": true}});
    let given = context(json!({"pin": 5113}), json!({}), json!({}), declares);
    assert!(!render("{{ params.pin }}", &given).unwrap_err().contains("5113"));
}

#[test]
fn a_required_param_fails_with_its_help() {
    let source =
        "{#- params\nhash: { type: string, required: true, help: crypt(3) hash }\n-#}\n{{ params.hash }}";
    let told = "t: params.hash is required, and nobody gives it (crypt(3) hash); give it to the image, the rule or the machine";
    assert_eq!(render(source, &plain()), Err(told.to_owned()));
    let declares = json!({"hash": {"type": "string", "default": "!"}});
    assert_eq!(render(source, &context(json!({}), json!({}), json!({}), declares)).as_deref(), Ok("!"));
    // An image can ask for what a template has a default for.
    let declares = json!({"n": {"type": "integer", "required": true}});
    let told = render(SOURCE, &context(json!({}), json!({}), json!({}), declares)).unwrap_err();
    assert!(told.starts_with("t: params.n is required, and nobody gives it (how many); "), "{told}");
}

#[test]
fn declarations_come_along_with_what_is_included() {
    let part = "{#- partial -#}\n{#- params\nn: { type: integer, default: 3 }\ntoken: { type: string, secret: true }\n-#}\n{{ params.n }}";
    let set = set(&[
        ("part", part),
        ("middle", "{#- partial -#}{% include 'part' %}"),
        ("plain", "{% include 'middle' %}"),
        ("own", "{#- params\nn: { type: integer, default: 9 }\n-#}\n{% include 'middle' %}"),
        ("loop", "{#- partial -#}{% include 'loop' %}{{ params.x }}"),
        ("wrong", "{#- params\nn: string\n-#}\n{% include 'part' %}"),
    ]);
    assert_eq!(set.render("plain", &plain()).as_deref(), Ok("3"));
    assert_eq!(set.render("own", &plain()).as_deref(), Ok("9"), "the including one wins");
    assert_eq!(set.secrets().filter(|name| *name == "token").count(), 1);
    assert!(set.variables("loop").names.contains_key("params.x"));
    let users: Vec<&str> = set.users_of(&BTreeSet::from(["part"])).map(Name::as_str).collect();
    assert_eq!(users, ["middle", "own", "part", "plain", "wrong"]);
    let check = set.check("wrong");
    assert!(matches!(&check.errors[0].1.reason, Reason::Other(_)), "{check:?}");
    assert_eq!(
        check.errors[0].1.summary(),
        "part:3:1: declares params.n as integer, and the template wrong, which includes it, as string; give both the same type"
    );
}

#[test]
fn the_check_makes_up_values_of_the_declared_type() {
    let source = "{#- params
i: { type: integer, required: true, help: how many }
b: { type: boolean, required: true }
l: { type: list, required: true }
m: { type: map, required: true }
c: { type: string, required: true, choices: [left, right] }
d: { type: string, default: x }
timezone: { type: integer, default: 7 }
-#}
{{ params.i + 1 }} {{ params.c if params.c in ['left', 'right'] else fail('no choice') }} {{ params.d }} {{ params.timezone + 1 }}
{%- for x in params.l %}{{ x.y }}{% endfor %}{{ params.m|items|length }} {{ 'b' if params.b else '' }} {{ params.u }}";
    let check = set(&[("t", source)]).check("t");
    assert_eq!(check.errors, [], "samples have a timezone that is text");
    assert_eq!(
        check.warnings,
        [
            "needs params.b, true or false",
            "needs params.c, text",
            "needs params.i, an integer: how many",
            "needs params.l, a list",
            "needs params.m, a map",
            "needs params.u, which no sample has",
        ]
    );
}

#[test]
fn a_declaration_that_is_wrong_breaks_the_template_with_its_place() {
    let source = "{#- params\nn: { type: integr }\n-#}\nx";
    let set = set(&[("t", source)]);
    let check = set.check("t");
    assert!(
        check.errors[0]
            .1
            .to_string()
            .starts_with("t:2:6: syntax error: the declaration of n: type \"integr\" is no type"),
        "{check:?}"
    );
    assert!(
        check.errors[0].1.to_string().contains("\n     2 | n: { type: integr }\n       |      ^^^^"),
        "{check:?}"
    );
    let unsaved = set.render_source(Kind::Text, "u", source, &plain()).unwrap_err();
    assert!(unsaved.summary().starts_with("u:2:6: "), "{unsaved}");
    let unsaved = set.render_source(Kind::Text, "u", SOURCE, &plain());
    assert_eq!(unsaved.as_deref(), Ok("3"));
}

/// Every param that a built-in template reads is declared, and it reads all that it declares.
#[test]
fn built_in_templates_declare_what_they_read() {
    let set = TemplateSet::compile([], Limits::default());
    for entry in set.iter() {
        let name = entry.template.name.as_str();
        let variables = set.variables(name);
        let read: BTreeSet<&str> =
            variables.names.keys().filter_map(|name| name.strip_prefix("params.")).collect();
        let declared: BTreeSet<&str> = variables.declared.keys().map(String::as_str).collect();
        assert_eq!(read, declared, "{name}");
        assert!(!variables.any_param && !variables.any_template, "{name}");
        for (param, spec) in variables.declared.iter() {
            assert!(!spec.help.is_empty(), "{name}: {param}");
            assert_eq!(spec.secret, param.contains("password"), "{name}: {param}");
        }
    }
}

#[test]
fn the_example_of_the_guide_declares_what_it_says() {
    let guide = include_str!("../../../docs/templates.md");
    let section = guide.split("\n## Params\n").nth(1).unwrap();
    let example = section.split("```jinja\n").nth(1).unwrap().split("```").next().unwrap();
    let template = Template { head: 1, ..Template::new("t".parse().unwrap(), Kind::Ipxe, example) };
    let set = TemplateSet::compile([&template], Limits::default());
    let check = set.check("t");
    assert_eq!(check.errors, []);
    assert_eq!(
        check.warnings,
        ["needs params.root_password_hash, text: crypt(3) hash, as mkpasswd prints it"]
    );
    assert_eq!(set.variables("t").declared.len(), 5);
    assert!(
        set.render("t", &sample::with_param(&plain(), "root_password_hash", "x"))
            .unwrap()
            .contains("\nsleep 15\n")
    );
}
