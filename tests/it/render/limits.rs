//! No template may take the process down, or a machine's patience.

use std::time::{Duration, Instant};

use pxe_init::domain::Kind;
use pxe_init::render::{Limit, Limits, Reason, RenderError, TemplateSet, sample};

fn render(kind: Kind, source: &str, limits: Limits) -> Result<String, RenderError> {
    let set = TemplateSet::compile([], limits);
    let started = Instant::now();
    let result = set.render_source(kind, "bomb", source, &sample::all()[0].context);
    assert!(started.elapsed() < Duration::from_secs(5), "{source} took {:?}", started.elapsed());
    result
}

fn refused(source: &str) -> Vec<Reason> {
    let kinds = [Kind::Text, Kind::Ipxe, Kind::Ignition];
    kinds.map(|kind| render(kind, source, Limits::default()).expect_err(source).reason).into()
}

#[test]
fn text_that_grows_is_refused() {
    let fuel = vec![Reason::Limit(Limit::Fuel); 3];
    for source in [
        "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% for i in range(100000) %}{% set x = 'a' * 90000000 %}{% endfor %}",
        "{% for i in range(100000) %}{% set x = 'a' * 90000 %}{% endfor %}",
        "{{ 'a' * 90000000 }}",
        "{{ ('a' * 1000000)|replace('a', 'b' * 1000000) }}",
        "{{ range(100000)|map('string')|join('b' * 100000) }}",
        "{{ ('a' * 10000000)|uri }}",
        "{{ ('a ' * 5000000)|split }}",
        "{{ ('\n' * 1000000)|indent(64, true)|length }}",
    ] {
        assert_eq!(refused(source), fuel, "{source}");
    }
}

#[test]
fn huge_widths_are_refused() {
    for reason in refused("{{ 'x'|indent(3000000000, true) }}") {
        assert!(matches!(reason, Reason::RefusedValue { .. }), "{reason:?}");
    }
    for reason in refused("{{ '%3000000000d'|format(1) }}") {
        assert!(reason.to_string().starts_with("filter format is unknown; "), "{reason}");
    }
}

/// Small in memory, endless as text.
#[test]
fn lists_that_contain_themselves_twice_are_refused() {
    let grow =
        "{% set ns = namespace(x=[0]) %}{% for i in range(40) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}";
    for print in
        ["{{ ns.x }}", "{{ ns.x|json }}", "{{ ns.x|json(2) }}", "{{ ns.x|string }}", "{{ ns.x|join(',') }}"]
    {
        refused(&format!("{grow}{print}"));
    }
}

#[test]
fn loops_without_end_are_refused() {
    let loops = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}";
    assert_eq!(refused(loops), vec![Reason::Limit(Limit::Fuel); 3]);
    let recursion = Reason::Limit(Limit::Recursion);
    assert_eq!(refused("{% include 'bomb' %}"), vec![recursion.clone(); 3]);
    assert_eq!(refused("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), vec![recursion; 3]);
}

#[test]
fn large_and_slow_documents_are_refused() {
    let large =
        "{% for i in range(20000) %}a line of about sixty bytes, which is long for a script\n{% endfor %}";
    assert_eq!(refused(large), vec![Reason::Limit(Limit::Output); 3]);
    let limits = Limits { time: Duration::ZERO, ..Limits::default() };
    let slow = render(Kind::Text, "{% for i in range(1000) %}x{% endfor %}", limits).unwrap_err();
    assert_eq!(slow.reason, Reason::Limit(Limit::Time));
}

#[test]
fn what_is_large_but_not_too_large_is_made() {
    let text = render(
        Kind::Text,
        "{% for i in range(9000) %}a line that is long for a script\n{% endfor %}",
        Limits::default(),
    );
    assert_eq!(text.unwrap().lines().count(), 9000);
}
