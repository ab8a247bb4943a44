//! What the check before a save says.

use pxe_init::domain::{Kind, Template};
use pxe_init::render::{Check, Limits, Reason, TemplateSet};

fn check(kind: Kind, source: &str) -> Check {
    let template = Template::new("t".parse().unwrap(), kind, source);
    TemplateSet::compile([&template], Limits::default()).check("t")
}

#[test]
fn a_good_template_passes() {
    assert_eq!(check(Kind::Ipxe, "#!ipxe\necho {{ facts.mac }}\n"), Check::default());
    assert_eq!(
        check(Kind::Ipxe, "#!ipxe\nkernel {{ image.kernel }}\n"),
        Check::default(),
        "some samples have no image"
    );
    assert_eq!(check(Kind::Ipxe, "{# partial #}echo {{ x }}\n"), Check::default());
}

#[test]
fn params_that_are_missing_are_made_up_and_named() {
    let found = check(Kind::Ipxe, "#!ipxe\necho {{ params.rack }} {{ params.row }}\n");
    assert_eq!(found.errors, []);
    assert_eq!(
        found.warnings,
        ["needs params.rack, which no sample has", "needs params.row, which no sample has"]
    );
    let found = check(Kind::Ipxe, "#!ipxe\necho {{ params.rack }} {{ machine.nmae }}\n");
    assert!(
        matches!(&found.errors[0].1.reason, Reason::Undefined { variable } if variable == "machine.nmae"),
        "{found:?}"
    );
}

#[test]
fn a_made_up_param_may_be_of_the_wrong_shape() {
    for source in [
        "{% for x in params.items %}{{ x.label }}{% endfor %}",
        "{{ params.n * 2 }}",
        "{{ params.a.b }}",
        "{{ image.initrds|first if image is defined }}",
    ] {
        let found = check(Kind::Ipxe, &format!("#!ipxe\n{source}\n"));
        assert_eq!(found.errors, [], "{source}");
    }
    let found = check(Kind::Ipxe, "#!ipxe\n{% for x in params.items %}{{ y }}{% endfor %}");
    assert!(!found.errors.is_empty(), "{found:?}");
}

#[test]
fn mistakes_are_errors() {
    for source in [
        "#!ipxe\n{% if %}",
        "echo",
        "#!ipxe\n{{ machin.name }}",
        "#!ipxe\n{{ image.null if image is defined }}",
        "#!ipxe\n{{ 1|shout }}",
    ] {
        assert!(!check(Kind::Ipxe, source).errors.is_empty(), "{source}");
    }
    assert!(!check(Kind::Ignition, "{").errors.is_empty());
}

#[test]
fn awkward_values_and_lacking_ones_are_warnings() {
    let found = check(Kind::Ipxe, "#!ipxe\necho {{ facts.asset|default('x') }}\n");
    assert_eq!(found.errors, []);
    assert!(found.warnings[0].starts_with("refuses the sample \"hostile\": t:2:9: facts.asset"), "{found:?}");
    let found = check(Kind::Ipxe, "#!ipxe\necho {{ failure.incident }}\n");
    assert_eq!(found.warnings, ["renders with no sample as it is: failure is undefined"]);
    let unknown = TemplateSet::compile([], Limits::default()).check("nowhere");
    assert!(matches!(unknown.errors[0].1.reason, Reason::MissingTemplate { .. }));
}
