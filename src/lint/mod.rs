//! Looks for mistakes in documents before a machine does.
//!
//! [`lint`] looks at one document, [`lint_rendered`] at one that a template made, [`lint_template`] at all that a template
//! makes of the sample machines. Nothing here reads
//! or writes anything. Every finding has a [`Rule`] with a stable code; `docs/lint.md` lists them.

mod asset;
mod autoinstall;
mod cloud;
mod finding;
mod grub;
mod ignition;
mod ipxe;
mod kickstart;
mod preseed;
mod rule;
mod shape;
mod silence;
mod template;
mod tree;
mod trial;
mod yaml;

pub use asset::{Asset, Fate, Fates, assets};
pub use finding::{Finding, Origin, Place};
pub use rule::{Rule, Severity};
pub use template::{lint_rendered, lint_template, lint_template_asked, template_assets};
pub use trial::check_template;

use finding::Lines;
use silence::{Comments, Silence};

use crate::domain::Kind;
use crate::render::Spans;

/// Every rule, by code.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [
        autoinstall::RULES,
        cloud::RULES,
        grub::RULES,
        ignition::RULES,
        ipxe::RULES,
        kickstart::RULES,
        silence::RULES,
        preseed::RULES,
        trial::RULES,
        asset::RULES,
        yaml::RULES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The rule of this code.
pub fn rule(code: &str) -> Option<&'static Rule> {
    rules().find(|rule| rule.code == code)
}

/// Everything that is wrong with a document, in its order. With `spans` each finding says which line of which template it
/// comes from.
pub fn lint(kind: Kind, document: &str, spans: Option<&Spans>) -> Vec<Finding> {
    finish(document, spans, examine(kind, document, spans, None))
}

/// The same, with what came of asking for the [`assets`] of the document.
pub fn lint_asked(kind: Kind, document: &str, fates: &Fates) -> Vec<Finding> {
    let assets = assets(kind, document);
    finish(document, None, examine(kind, document, None, Some((assets, fates))))
}

fn finish(document: &str, spans: Option<&Spans>, report: Report) -> Vec<Finding> {
    let lines = Lines::of(document);
    let mut found = report.findings;
    for mut finding in report.silences.iter().flat_map(Silence::findings).take(MOST) {
        finding.locate(document, &lines, spans);
        found.push(finding);
    }
    sort(&mut found);
    found
}

/// What is wrong with a document, and what its author says does not matter.
struct Report {
    findings: Vec<Finding>,
    silences: Vec<Silence>,
}

/// What the answers about `asked` say is found too.
fn examine(kind: Kind, document: &str, spans: Option<&Spans>, asked: Option<(Vec<Asset>, &Fates)>) -> Report {
    let lines = Lines::of(document);
    let mut silences = silence::find(document, &lines, Comments::Document);
    let mut findings = check(kind, document);
    match asked {
        Some((assets, fates)) => {
            asset::check(assets, fates, &mut findings);
            sort(&mut findings);
        }
        None => silences.iter_mut().for_each(Silence::excuse),
    }
    for finding in &mut findings {
        finding.locate(document, &lines, spans);
    }
    findings.retain(|finding| {
        let taken = |silence: &mut Silence| silence.takes(finding.code(), finding.place.line);
        // Each has to learn that it is of use.
        silences.iter_mut().map(taken).filter(|taken| *taken).count() == 0
    });
    Report { findings, silences }
}

/// Nobody reads more, and a document can be made to have any number.
const MOST: usize = 1000;

fn check(kind: Kind, document: &str) -> Vec<Finding> {
    let mut found = check_all(kind, document);
    sort(&mut found);
    found.truncate(MOST);
    found
}

fn check_all(kind: Kind, document: &str) -> Vec<Finding> {
    match kind {
        Kind::Ipxe => ipxe::check(document),
        Kind::Ignition => ignition::check(document),
        Kind::UserData | Kind::VendorData => cloud::user_data(document),
        Kind::MetaData => cloud::meta_data(document),
        Kind::NetworkConfig => cloud::network_config(document),
        Kind::Kickstart => kickstart::check(document),
        Kind::Preseed => preseed::check(document),
        Kind::Autoinstall => autoinstall::check(document),
        Kind::Grub => grub::check(document),
        Kind::Text => Vec::new(),
    }
}

fn sort(found: &mut [Finding]) {
    found.sort_by(|a, b| {
        (a.range.start, a.rule.code, &a.message).cmp(&(b.range.start, b.rule.code, &b.message))
    });
}
