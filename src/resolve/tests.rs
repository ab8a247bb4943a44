//! What decides, on a small catalog.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::domain::{Change, Changes, Params, Stamped, Templates};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn image(text: &str, kernel: Option<&str>) -> Image {
    Image { kernel: kernel.map(Into::into), ..Image::new(name(text)) }
}

fn rule(text: &str, priority: i32, selector: &[(&str, &str)], image: &str) -> Rule {
    let map = selector.iter().map(|(key, pattern)| ((*key).to_owned(), vec![(*pattern).to_owned()]));
    Rule {
        priority,
        selector: map.collect::<BTreeMap<_, _>>().try_into().unwrap(),
        image: Some(name(image)),
        ..Rule::new(name(text))
    }
}

fn machine(text: &str, mac: &str) -> Machine {
    Machine { macs: vec![mac.parse().unwrap()], ..Machine::new(name(text)) }
}

fn catalog(changes: impl IntoIterator<Item = Change>) -> Catalog {
    let changes = changes.into_iter().map(|change| Stamped { revision: 1, change }).collect();
    Catalog::default().with(&Changes { revision: 1, changes })
}

fn room() -> Vec<Change> {
    let mut db = machine("db-1", "02:00:00:00:00:01");
    db.image = Some(name("debian"));
    db.params = Params::from([("console".into(), json!("ttyS1"))]);
    let mut web = machine("web-1", "02:00:00:00:00:02");
    web.labels.insert("rack".into(), "r1".into());
    web.uuid = Some("4c4c4544-0042-3510-8052-b4c04f4d3532".parse().unwrap());
    web.templates = Templates::from([(Kind::UserData, name("mine"))]);
    let mut debian = image("debian", Some("vmlinuz"));
    debian.params = Params::from([("console".into(), json!("ttyS0")), ("disk".into(), json!("/dev/sda"))]);
    let mut racks = rule("racks", 0, &[("label.rack", "r*")], "debian");
    racks.params = Params::from([("console".into(), json!("tty0"))]);
    vec![
        Change::Machine(db),
        Change::Machine(web),
        Change::Image(debian),
        Change::Image(image("disk", None)),
        Change::Rule(racks),
        Change::Rule(rule("acme", 10, &[("product", "Acme*")], "disk")),
        Change::Rule(rule("rest", -10, &[], "disk")),
    ]
}

fn facts(said: &[(&str, &str)]) -> Facts {
    let mut facts = Facts::default();
    for (attribute, value) in said {
        facts.set(attribute.parse().unwrap(), value).unwrap();
    }
    facts
}

/// The explanation as text, a line a candidate.
fn explained(said: &[(&str, &str)]) -> String {
    let explanation = explain(&catalog(room()), &facts(said));
    let mut text = String::new();
    for candidate in &explanation.candidates {
        let what = match &candidate.source {
            Source::Binding(name) => format!("binding {}", name.as_ref().map_or("-", |name| name.as_str())),
            Source::Rule(rule) => format!("rule {}", rule.name),
        };
        text += &format!("{} {what}: {}\n", if candidate.won { "*" } else { " " }, candidate.reason);
    }
    for origin in &explanation.templates {
        text += &format!("{} {} from {}\n", origin.kind, origin.template, origin.layer.as_str());
    }
    for origin in &explanation.params {
        let replaced: Vec<_> = origin.replaced.iter().map(|layer| layer.as_str()).collect();
        text +=
            &format!("{}={} from {} over {replaced:?}\n", origin.key, origin.value, origin.layer.as_str());
    }
    for (identity, name) in &explanation.resolution.conflicts {
        text += &format!("conflict: {} is that of {name}\n", identity.as_str());
    }
    text
}

#[test]
fn a_binding_wins_over_every_rule() {
    insta::assert_snapshot!(explained(&[("mac", "02-00-00-00-00-01"), ("product", "Acme 1")]));
}

#[test]
fn labels_select_a_registered_machine() {
    insta::assert_snapshot!(explained(&[("mac", "02:00:00:00:00:02")]));
}

#[test]
fn priority_beats_specificity() {
    insta::assert_snapshot!(explained(&[("mac", "02:00:00:00:00:02"), ("product", "acme")]));
}

#[test]
fn the_mac_wins_and_the_conflict_is_told() {
    let said = [("mac", "02:00:00:00:00:01"), ("uuid", "4c4c4544-0042-3510-8052-b4c04f4d3532")];
    insta::assert_snapshot!(explained(&said));
}

#[test]
fn the_default_rule_takes_the_unknown() {
    insta::assert_snapshot!(explained(&[("mac", "02:00:00:00:00:99")]));
}

#[test]
fn a_placeholder_identifies_nobody() {
    let mut lied = machine("lied", "02:00:00:00:00:03");
    lied.serial = Some("SN".into());
    let catalog = catalog([Change::Machine(lied)]);
    for said in [("serial", "To be filled by O.E.M."), ("uuid", "ffffffff-ffff-ffff-ffff-ffffffffffff")] {
        assert!(resolve(&catalog, &facts(&[said])).machine.is_none());
    }
    assert!(resolve(&catalog, &facts(&[("serial", "sn")])).machine.is_some(), "serials ignore case");
}

#[test]
fn an_image_that_is_gone_is_told_and_not_skipped() {
    let mut bound = machine("bound", "02:00:00:00:00:03");
    bound.image = Some(name("gone"));
    let resolution = resolve(&catalog([Change::Machine(bound)]), &facts(&[("mac", "020000000003")]));
    assert!(resolution.is_match() && resolution.image.is_none());
    assert_eq!(resolution.missing_image, Some(name("gone")));
}
