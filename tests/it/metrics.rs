//! What `/metrics` says, and that `docs/metrics.md` lists it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use crate::app::TestApp;

const MARK: &str =
    "<!-- Generated from here on by `UPDATE_DOCS=1 cargo test metrics_reference`; do not edit. -->\n";

/// A family as it is exposed: its name without the suffixes of its samples, its type and its help.
pub(crate) struct Family {
    name: String,
    kind: String,
    help: String,
    labels: Vec<String>,
}

impl Family {
    /// The names of its samples, as Prometheus stores them.
    pub(crate) fn names(&self) -> Vec<String> {
        let suffixes: &[&str] = match self.kind.as_str() {
            "counter" => &["_total"],
            "info" => &["_info"],
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        suffixes.iter().map(|suffix| format!("{}{suffix}", self.name)).collect()
    }
}

/// The families in this text, in its order.
pub(crate) fn families(text: &str) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    for line in text.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(name), help) => families.push(Family {
                name: name.to_owned(),
                kind: String::new(),
                // prometheus-client adds the full stop.
                help: help.unwrap_or_default().trim_end_matches('.').to_owned(),
                labels: Vec::new(),
            }),
            (Some("#"), Some("TYPE"), Some(name), Some(kind)) => {
                let family = families.last_mut().unwrap();
                assert_eq!(family.name, name);
                kind.clone_into(&mut family.kind);
            }
            (Some("#"), ..) => {}
            (Some(sample), ..) => {
                let family = families.last_mut().unwrap();
                assert!(sample.starts_with(&family.name), "{sample} among the samples of {}", family.name);
                let labels = sample.split_once('{').map_or("", |(_, rest)| rest.trim_end_matches('}'));
                let keys = labels.split(',').filter_map(|label| Some(label.split_once('=')?.0.to_owned()));
                for key in keys.filter(|key| key != "le") {
                    if !family.labels.contains(&key) {
                        family.labels.push(key);
                    }
                }
            }
            (None, ..) => {}
        }
    }
    families
}

/// The samples by name and labels.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.into(), value.parse().unwrap()))
        .collect()
}

/// A server of which machines asked everything that is counted.
async fn asked() -> TestApp {
    let app = TestApp::start().await;
    app.image("linux", |_| {}).await;
    app.machine("node1", "52:54:00:12:34:56", |machine| machine.image = "linux".into()).await;
    app.template("broken", "text", "{{ params.absent }}").await.unwrap();
    app.machine("node3", "52:54:00:12:34:58", |machine| {
        machine.templates.insert("text".into(), "broken".into());
    })
    .await;
    for path in [
        "/boot.ipxe",
        "/ipxe?mac=52-54-00-12-34-56",
        "/ipxe?mac=52-54-00-12-34-56",
        "/ipxe?mac=52-54-00-00-00-01",
        "/text?mac=52-54-00-12-34-58",
        "/ignition?mac=52-54-00-12-34-56",
        "/ipxe?mac=nonsense",
        "/ipxe?hostname=a",
        &format!("/ipxe?serial={}", "a".repeat(10_000)),
    ] {
        app.get(path).await;
    }
    app.request(
        "GET /ipxe?mac=52-54-00-12-34-56 HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    )
    .await;
    app
}

#[tokio::test]
async fn everything_that_machines_ask_is_counted_once() {
    let app = asked().await;
    let text = app.get("/metrics").await.body;
    let samples = samples(&text);
    let expected = [
        ("answers_total{kind=\"ipxe\",outcome=\"rendered\"}", 3.0),
        ("answers_total{kind=\"ipxe\",outcome=\"held\"}", 1.0),
        ("answers_total{kind=\"text\",outcome=\"failed\"}", 1.0),
        ("answers_total{kind=\"ignition\",outcome=\"no-template\"}", 1.0),
        ("answers_total{kind=\"grub\",outcome=\"rendered\"}", 0.0),
        ("answer_seconds_count{kind=\"ipxe\"}", 4.0),
        ("answer_seconds_bucket{le=\"+Inf\",kind=\"ipxe\"}", 4.0),
        // All but /boot.ipxe, for which there is nothing to find out.
        ("resolve_seconds_count", 5.0),
        // Of these, the one for which there is no template was not rendered.
        ("render_seconds_count", 4.0),
        ("template_failures_total{template=\"broken\"}", 1.0),
        ("bad_requests_total{reason=\"invalid-fact\"}", 1.0),
        ("bad_requests_total{reason=\"no-identity\"}", 1.0),
        ("bad_requests_total{reason=\"query-too-long\"}", 1.0),
        ("bad_requests_total{reason=\"several-hosts\"}", 1.0),
        ("not_ready_total", 0.0),
        ("snapshot_stale", 0.0),
        ("log_lines_dropped_total", 0.0),
    ];
    for (name, value) in expected {
        assert_eq!(samples.get(&format!("pxe_init_{name}")), Some(&value), "{name} in {text}");
    }
    let sum: f64 = samples["pxe_init_answer_seconds_sum{kind=\"ipxe\"}"];
    assert!(sum > 0.0 && sum < 60.0, "{sum}");
    assert!(samples["pxe_init_snapshot_age_seconds"] < 60.0, "{text}");
    assert!(samples["pxe_init_reload_seconds_count{what=\"all\"}"] >= 1.0, "{text}");
    let version = format!("pxe_init_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(samples.get(&version), Some(&1.0), "{text}");
}

#[tokio::test]
async fn buckets_count_all_that_are_not_longer() {
    let app = asked().await;
    let samples = samples(&app.get("/metrics").await.body);
    let bucket = "pxe_init_answer_seconds_bucket{le=\"";
    let mut buckets: Vec<(f64, f64)> = samples
        .iter()
        .filter(|(name, _)| name.starts_with(bucket) && name.contains("kind=\"ipxe\""))
        .map(|(name, count)| {
            let bound = name[bucket.len()..].split('"').next().unwrap();
            (if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() }, *count)
        })
        .collect();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert!(buckets.len() > 10, "{buckets:?}");
    assert!(buckets.is_sorted_by(|a, b| a.1 <= b.1), "{buckets:?}");
    assert_eq!(buckets.last().unwrap().1, 4.0, "{buckets:?}");
}

#[tokio::test]
async fn the_process_is_told_of_as_it_is() {
    let app = TestApp::start().await;
    let samples = samples(&app.get("/metrics").await.body);
    let now = jiff::Timestamp::now().as_second() as f64;
    let started = samples["process_start_time_seconds"];
    assert!(started > now - 3600.0 && started < now + 5.0, "{started} at {now}");
    assert!(samples["process_cpu_seconds_total"] >= 0.0);
    assert!((1e6..1e11).contains(&samples["process_resident_memory_bytes"]), "{samples:?}");
    assert!(samples["process_open_fds"] >= 5.0 && samples["process_open_fds"] <= samples["process_max_fds"]);
}

#[tokio::test]
async fn metrics_reference() {
    let app = asked().await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let stored = fs::read_to_string(&path).unwrap();
    let prose = stored.split(MARK).next().unwrap().trim_end();
    let mut text =
        format!("{prose}\n\n{MARK}\n| metric | type | labels | what it says |\n|---|---|---|---|\n");
    for family in families(&app.get("/metrics").await.body) {
        let name = if family.kind == "histogram" { family.name.clone() } else { family.names().remove(0) };
        let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        writeln!(text, "| `{name}` | {} | {} | {} |", family.kind, labels.join(", "), family.help).unwrap();
    }
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &text).unwrap();
        return;
    }
    assert!(
        stored == text,
        "docs/metrics.md is out of date: run UPDATE_DOCS=1 cargo test metrics_reference\n{text}"
    );
}
