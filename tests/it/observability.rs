//! The dashboard and the alert rules name metrics that exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::app::TestApp;
use crate::metrics::{Family, families};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/observability").join(name)
}

fn dashboard() -> Value {
    serde_json::from_str(&fs::read_to_string(file("dashboard.json")).unwrap()).unwrap()
}

fn rules() -> Vec<Value> {
    let rules: Value = serde_saphyr::from_str(&fs::read_to_string(file("alerts.yaml")).unwrap()).unwrap();
    let groups = rules["groups"].as_array().unwrap();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

/// The words of an expression that could be metrics of ours or of the process.
fn metrics_of(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("pxe_init_") || word.starts_with("process_"))
}

/// The names of the samples of each family that the server exposes.
async fn known() -> Vec<Vec<String>> {
    let app = TestApp::start().await;
    families(&app.get("/metrics").await.body).iter().map(Family::names).collect()
}

/// Every `expr` and `query` of the dashboard.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value.as_str() {
                    Some(text) if matches!(key.as_str(), "expr" | "query" | "definition") => {
                        found.push(text.to_owned());
                    }
                    _ => expressions(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_metric_of_dashboard_and_alerts_exists() {
    let known = known().await;
    let mut all = Vec::new();
    expressions(&dashboard(), &mut all);
    let panels = all.len();
    all.extend(rules().iter().map(|rule| rule["expr"].as_str().unwrap().to_owned()));
    assert!(panels > 20 && all.len() > panels + 10, "the test finds no expressions: {all:?}");
    for expression in &all {
        for metric in metrics_of(expression) {
            assert!(
                known.iter().flatten().any(|name| name == metric),
                "{metric} of {expression:?} does not exist"
            );
        }
    }
    // The other way round: what is exposed is shown somewhere.
    let shown: BTreeSet<&str> = all.iter().flat_map(|expression| metrics_of(expression)).collect();
    let is_shown = |names: &&Vec<String>| names.iter().any(|name| shown.contains(name.as_str()));
    let ours = |names: &&Vec<String>| names[0].starts_with("pxe_init_") && !names[0].contains("_timestamp_");
    let hidden: Vec<_> = known.iter().filter(ours).filter(|names| !is_shown(names)).collect();
    assert!(hidden.is_empty(), "neither dashboard nor alerts show {hidden:?}");
}

#[test]
fn alerts_have_what_prometheus_and_people_need() {
    let mut names = BTreeSet::new();
    for rule in rules() {
        let name = rule["alert"].as_str().unwrap().to_owned();
        assert!(name.starts_with("PxeInit"), "{name}");
        assert!(names.insert(name.clone()), "{name} is there twice");
        let severity = rule["labels"]["severity"].as_str().unwrap();
        assert!(["critical", "warning", "info"].contains(&severity), "{name}: {severity}");
        for text in ["summary", "description"] {
            assert!(rule["annotations"][text].as_str().is_some_and(|text| text.len() > 20), "{name}: {text}");
        }
        let known = ["alert", "expr", "for", "labels", "annotations"];
        for key in rule.as_object().unwrap().keys() {
            assert!(known.contains(&key.as_str()), "{name}: Prometheus does not know {key}");
        }
        if let Some(wait) = rule.get("for") {
            let wait = wait.as_str().unwrap();
            assert!(wait.trim_end_matches(['s', 'm', 'h']).parse::<u32>().is_ok(), "{name}: {wait}");
        }
        let expression = rule["expr"].as_str().unwrap();
        let depth = |open, close| expression.matches(open).count() == expression.matches(close).count();
        assert!(depth('(', ')') && depth('{', '}') && depth('[', ']'), "{name}: {expression}");
    }
    let docs = fs::read_to_string(file("../observability.md")).unwrap();
    for name in names {
        assert!(docs.contains(&name), "docs/observability.md does not say what to do about {name}");
    }
}

#[test]
fn panels_have_places_and_no_number_twice() {
    let dashboard = dashboard();
    let mut numbers = BTreeSet::new();
    let mut places: Vec<[u64; 4]> = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert!(numbers.insert(panel["id"].as_u64().unwrap()), "{title}");
        let place = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap());
        let [x, y, w, h] = place;
        assert!(x + w <= 24, "{title}");
        let over = places.iter().find(|[a, b, c, d]| x < a + c && *a < x + w && y < b + d && *b < y + h);
        assert!(over.is_none(), "{title} lies over another panel");
        places.push(place);
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "it says that it is skipped, and why")]
fn promtool_accepts_the_alerts() {
    let Ok(output) = Command::new("promtool").args(["check", "rules"]).arg(file("alerts.yaml")).output()
    else {
        eprintln!(
            "SKIPPED observability::promtool_accepts_the_alerts: no promtool (Debian package prometheus)"
        );
        return;
    };
    let told = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&told));
}
