//! What no input may do, whoever wrote it: one function for each thing that reads what strangers send.
//!
//! libFuzzer looks for inputs that break them (`make fuzz`); the Rust tests hold them to the seeds, and to what chance makes
//! of the seeds (`tests/it/fuzz.rs`).

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use pxe_init::catalog::{Catalog, RuleIndex};
use pxe_init::domain::{
    Change, Changes, Facts, Kind, Labels, Machine, Rule, Selector, Stamped, Subject, Timestamp,
};
use pxe_init::http::{PlainRequest, facts_from_query};
use pxe_init::lint::lint;
use pxe_init::manifest::{document, parse};
use pxe_init::render::{Limits, TemplateSet, document_url, sample};
use pxe_init::snapshot_file::{About, SnapshotFile};
use tempfile::TempDir;

/// Something that any input is put into, and that panics where it should not.
pub type Target = fn(&[u8]);

/// All of them by name.
pub const TARGETS: [(&str, Target); 6] = [
    ("request", request),
    ("query", query),
    ("selector", selector),
    ("manifest", manifest),
    ("snapshot", snapshot),
    ("template", template),
];

const IP: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 2, 15));

/// A request of a machine. What is taken for a plain one, the HTTP stack would take too, and by the same words.
pub fn request(data: &[u8]) {
    let Some(request) = PlainRequest::read(data) else { return };
    let question = request.question((IP, 1).into());
    assert!(question.path.starts_with('/'));
    let target = [question.path, "?", question.query].concat();
    let uri: http::Uri = target.parse().expect("a URI of the HTTP stack");
    assert_eq!((uri.path(), uri.query()), (question.path, Some(question.query)));
    query(question.query.as_bytes());
}

/// The query of a machine. What it says, our own URLs say again.
pub fn query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match facts_from_query(text, IP) {
        Ok(facts) => {
            let url = document_url("http://boot.example.org", Kind::Ipxe, &facts, None);
            let again = url.split_once('?').map_or("", |(_, query)| query);
            assert_eq!(facts_from_query(again, IP).as_ref(), Ok(&facts), "{url}");
        }
        Err(why) => assert!(!why.to_string().contains('\n'), "{why:?}"),
    }
}

/// A selector of an operator, as JSON. It comes out as it went in, and the index of rules finds it exactly where it matches.
pub fn selector(data: &[u8]) {
    let Ok(selector) = serde_json::from_slice::<Selector>(data) else { return };
    let json = serde_json::to_value(&selector).expect("a selector is JSON");
    assert_eq!(serde_json::from_value::<Selector>(json).expect("what was written can be read"), selector);
    let rule = Arc::new(Rule { selector, ..Rule::new("fuzz".parse().expect("a name")) });
    let index = RuleIndex::new([rule.clone()].into_iter());
    let labels: Labels = [("rack".to_owned(), "R1".to_owned())].into();
    for facts in FACTS.iter() {
        for labels in [None, Some(&labels)] {
            let subject = Subject { facts, labels };
            assert_eq!(
                index.first_match(subject).is_some(),
                rule.selector.matches(subject),
                "{rule:?} {facts:?}"
            );
        }
    }
}

static FACTS: LazyLock<Vec<Facts>> = LazyLock::new(|| {
    let queries = [
        "mac=52-54-00-12-34-56",
        "mac=52-54-00-12-34-56&uuid=4c4c4544-0042-3510-8052-b4c04f4d3532&serial=SN1&product=Acme%20X&arch=arm64",
        "serial=sn1&hostname=web-1&domain=example.org&platform=efi",
    ];
    queries.iter().map(|query| facts_from_query(query, IP).expect("facts")).collect()
});

/// A manifest of an operator. What is read can be written, and is the same then; what is wrong has a place.
pub fn manifest(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let path = Path::new("fuzz.yaml");
    match parse(text, path, None) {
        Ok(resources) => {
            for resource in resources {
                let Ok(written) = document(&resource.value) else { continue };
                let again = parse(&written, path, None).expect("what was written can be read");
                assert_eq!(again.len(), 1, "{written}");
                assert_eq!(again[0].value, resource.value, "{written}");
            }
        }
        Err(problems) => assert!(!problems.is_empty()),
    }
}

/// A snapshot file that something damaged: every five bytes say where, and how. It is whole, or it is refused.
pub fn snapshot(data: &[u8]) {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("fuzz.snapshot");
    let mut bytes = GOOD.clone();
    for step in data.chunks(5) {
        let [a, b, c, d, change] = std::array::from_fn(|i| step.get(i).copied().unwrap_or_default());
        let at = usize::try_from(u32::from_le_bytes([a, b, c, d])).unwrap_or_default() % (bytes.len() + 1);
        match (bytes.get_mut(at), change) {
            (Some(_), 0) => bytes.truncate(at),
            (Some(byte), change) => *byte ^= change,
            (None, change) => bytes.push(change),
        }
    }
    std::fs::write(&path, &bytes).expect("a file");
    let read = SnapshotFile::new(&path, DATABASE).read();
    assert_eq!(read.is_ok(), bytes == *GOOD, "{:?}", read.err());
}

const DATABASE: &str = "sqlite:fuzz";

static GOOD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("good.snapshot");
    let mut machine = Machine::new("web-1".parse().expect("a name"));
    machine.macs = vec!["52:54:00:12:34:56".parse().expect("a MAC")];
    let rule = Rule::new("default".parse().expect("a name"));
    let changes = [Change::Machine(machine), Change::Rule(rule)];
    let changes = changes.into_iter().map(|change| Stamped { revision: 1, change }).collect();
    let about = About {
        revision: 1,
        confirmed: Timestamp(1_790_000_000_000),
        identity: "fuzz".to_owned(),
        boot_key: String::new(),
    };
    let catalog = Catalog::default().with(&Changes { revision: 1, changes });
    SnapshotFile::new(&path, DATABASE).write(&about, &catalog).expect("a snapshot file");
    std::fs::read(path).expect("the file")
});

/// A template of an operator, after a line with its kind. It costs no more than its limits, and a script is one.
pub fn template(data: &[u8]) {
    let Some((kind, source)) = std::str::from_utf8(data).ok().and_then(|text| text.split_once('\n')) else {
        return;
    };
    let Ok(kind) = kind.parse::<Kind>() else { return };
    for sample in sample::all() {
        match SET.render_source(kind, "fuzz", source, &sample.context) {
            Ok(document) => {
                assert!(document.len() <= LIMITS.output, "{} bytes", document.len());
                assert!(kind != Kind::Ipxe || document.starts_with("#!ipxe"), "{document:?}");
                for finding in lint(kind, &document, None) {
                    assert!(!finding.message.is_empty());
                }
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// Less than the default, so that many inputs can be tried in a second.
const LIMITS: Limits = Limits { fuel: 20_000, recursion: 30, output: 64 << 10, time: Duration::from_secs(1) };

static SET: LazyLock<TemplateSet> = LazyLock::new(|| TemplateSet::compile([], LIMITS));
