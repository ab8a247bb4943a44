//! Nothing that a template nests may overflow a stack: that can not be caught, and ends the process.
//!
//! These run on the stack of a test, 2 MiB, as the workers of the server have it.

use pxe_init::domain::Kind;
use pxe_init::render::{Limits, Reason, TemplateSet, sample};

fn render(kind: Kind, source: &str) -> Result<String, Reason> {
    let set = TemplateSet::compile([], Limits::default());
    set.render_source(kind, "bomb", source, &sample::all()[0].context).map_err(|e| e.reason)
}

#[test]
fn endless_expressions_are_no_syntax() {
    for (before, again, after) in [
        ("{{ ", "not ", "1 }}"),
        ("{{ ", "-", "1 }}"),
        ("{{ 1", "|string", " }}"),
        ("{{ 1", "+1", " }}"),
        ("{{ 1", "~1", " }}"),
        ("{{ 1", " or 1", " }}"),
        ("{{ 1", "==1", " }}"),
        ("{{ 1", " is defined", " }}"),
        ("{{ ", "1 if 0 else ", "1 }}"),
        ("{{ x", ".a", " }}"),
        ("{{ x", "[0]", " }}"),
        ("{{ x", "()", " }}"),
        ("{{ ", "f(x, (", " }}"),
        ("{% set x = ", "not ", "1 %}"),
        ("{% if 0 %}", "{% elif 0 %}", "{% endif %}"),
        ("{% if 0 %}", "{% elif 0 %}{% if 0 %}{% elif 0 %}{% elif 0 %}", ""),
    ] {
        let source = format!("{before}{}{after}", again.repeat(100_000));
        match render(Kind::Text, &source) {
            Err(Reason::Syntax(problem)) => {
                assert!(problem.contains("nests more than") || problem.contains("recursion"), "{problem}");
            }
            other => panic!("{again}: {other:?}"),
        }
    }
}

#[test]
fn deep_and_wide_expressions_that_people_write_are_syntax() {
    let list = format!("{{% set x = [{}] %}}{{{{ x|length }}}}", "{'a': 1 + 2, 'b': [1, 2]}, ".repeat(2000));
    assert_eq!(render(Kind::Text, &list), Ok("2000".into()));
    let chain = format!("{{% if 0 %}}{}{{% endif %}}x", "{% elif 0 %}".repeat(200));
    assert_eq!(render(Kind::Text, &chain.repeat(20)), Ok("x".repeat(20)));
    let sum = format!("{{{{ 1{} }}}}", "+1".repeat(200));
    assert_eq!(render(Kind::Text, &sum.repeat(20)), Ok("201".repeat(20)));
    assert_eq!(render(Kind::Text, "{{ '----------' * 40 }}").unwrap().len(), 400);
}

/// Each of these made a value of some ten thousand levels, or one without end.
#[test]
fn values_that_nest_end_as_errors() {
    let each = "{% set ns = namespace(x=[0]) %}{% for i in range(30000) %}";
    for nest in [
        "{% set ns.x = [ns.x] %}",
        "{% set ns.x=[ns.x] %}",
        "{%- set ns.x = {'a': ns.x} -%}",
        "{% set ns.x = ns.x|map('string') %}",
        "{% set ns.x = ns.x[0:] %}",
        "{% set ns.x = dict(a=ns.x) %}",
        "{% set ns.x = namespace(a=ns.x) %}",
        "{% set ns.x, ns.y = [ns.x], 1 %}",
        "{% set (ns.x, y) = ([ns.x], 1) %}",
        "{% set t = [ns.x] %}{% set ns.x = t %}",
        "{% set ns.x = 0 if 0 else [ns.x] %}",
    ] {
        let source = format!("{each}{nest}{{% endfor %}}{{{{ ns.x ~ 'a' }}}}");
        assert!(render(Kind::Text, &source).is_err(), "{nest}");
    }
    let itself = "{% set ns = namespace() %}{% set ns.x = ns %}{% set ns.x = ns %}";
    for print in ["{{ ns|json }}", "{{ ns ~ '' }}", "{{ ns == ns.x }}", "{{ ns.x.x.x.x.x }}"] {
        // What counts is that each of these comes back.
        let _ = render(Kind::Ignition, &format!("{itself}{print}"));
    }
    let smuggled =
        ["{% set ns.x|default(ns, true) %}{% endset %}", "{% set ns.x = 1) + (ns %}", "{% set ns.x = ns) %}"];
    for set in smuggled {
        let source = format!("{{% set ns = namespace() %}}{set}{{{{ ns ~ '' }}}}");
        assert!(render(Kind::Text, &source).is_err(), "{set}");
    }
}

#[test]
fn values_that_nest_without_a_loop_come_back_too() {
    let sets =
        format!("{{% set x=[0] %}}{}", "{% set x=[[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]] %}".repeat(4000));
    assert_eq!(render(Kind::Text, &format!("{sets}done")), Ok("done".into()));
    let printed = render(Kind::Text, &format!("{sets}{{{{ (x ~ '')|length }}}}"));
    assert!(printed.is_ok_and(|length| length == "160003"), "80,001 brackets on each side of the 0");
    assert!(matches!(
        render(Kind::Ignition, &format!("{sets}{{{{ x }}}}")),
        Err(Reason::RefusedValue { .. })
    ));
    for wrap in ["(x,)", "x,", "dict(a=x)", "namespace(a=x)", "{1: x}", "[x]|reverse", "x|items"] {
        let source = format!("{{% set x=[0] %}}{}", format!("{{% set x={wrap} %}}").repeat(20_000));
        let _ = render(Kind::Text, &source);
    }
    let lazy = format!("{{% set x=[0] %}}{}{{{{ x|length }}}}", "{% set x=x|map('string') %}".repeat(20_000));
    let _ = render(Kind::Text, &lazy);
    // A slice of a slice of … takes time that the engine does not count.
    let sliced = format!("{{% set x=[0] %}}{}{{{{ x|length }}}}", "{% set x=x[0:] %}".repeat(20_000));
    assert!(matches!(render(Kind::Text, &sliced), Err(Reason::Syntax(_))));
    let deeper =
        "{% macro m(x, n) %}{{ m([[[[[[[[[[x]]]]]]]]]], n) if n else x ~ '' }}{% endmacro %}{{ m(0, 1) }}";
    let _ = render(Kind::Text, deeper);
    let recursive =
        "{% for x in [[0]] recursive %}{{ loop([[[[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]]]]) }}{% endfor %}";
    let _ = render(Kind::Text, recursive);
}

#[test]
fn a_namespace_keeps_what_is_put_into_it() {
    let ns = "{% set ns = namespace(n=0, s='', list=[]) %}";
    for (body, expected) in [
        ("{% for i in range(5) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", "10"),
        (
            "{% for i in range(3) %}{% set ns.list = ns.list + [{'i': i}] %}{% endfor %}{{ ns.list[2].i }}",
            "2",
        ),
        ("{% set ns.n, ns.s = 1, 'x' %}{{ ns.n }}{{ ns.s }}", "1x"),
        ("{% set ns.s %}a{% endset %}{{ ns.s }}", "a"),
        ("{% set ns.n = 1 if false else 2 %}{{ ns.n }}", "2"),
        ("{%- set ns.s = 'a' ~ 'b' -%} {{ ns.s }}", "ab"),
    ] {
        assert_eq!(render(Kind::Text, &format!("{ns}{body}")), Ok(expected.into()), "{body}");
    }
}

/// The source that is compiled is not quite the one that was written; nobody may see that.
#[test]
fn errors_show_the_source_as_it_was_written() {
    let source = "{% set ns = namespace() %}\n{% set ns.x=1+2 %}{{ nope }}{% set ns.y = 2 %}\n";
    let set = TemplateSet::compile([], Limits::default());
    let error = set.render_source(Kind::Text, "t", source, &sample::all()[0].context).unwrap_err();
    let spot = &error.spots[0];
    assert_eq!((spot.line, spot.column, spot.width), (Some(2), Some(22), 4));
    assert_eq!(spot.source.as_deref(), source.lines().nth(1));
}
