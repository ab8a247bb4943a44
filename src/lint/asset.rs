//! The URLs that a document makes a machine load, and what came of asking for them.
//!
//! Nothing here asks: who wants to know does so ([`assets`], [`template_assets`](super::template_assets)) and hands over
//! the answers as [`Fates`].

mod keys;

use std::collections::BTreeMap;
use std::ops::Range;

use super::finding::Finding;
use super::rule::rules;
use super::{ignition, ipxe};
use crate::domain::Kind;
use crate::render::Spans;

rules! {
DEAD = "URL001" Error, "a dead asset URL",
    "The document makes the machine load this, and who was asked for it says that it is not there (404, 410), refuses the connection, or does not exist at all. Only looked at with --check-urls.",
    "Correct the URL, or bring back what it led to.";
NO_ANSWER = "URL002" Warning, "an asset URL that could not be checked",
    "The server did not answer in time, answered with an error of its own, wants a login or a certificate that this machine does not know, or the network between was to blame. The machine may fare better, or not. Only looked at with --check-urls.",
    "Ask again, with a longer --url-timeout or from the machine's own network.";
NOT_ASKED = "URL003" Info, "an asset URL that can not be asked for",
    "Only http and https URLs are asked for. Only looked at with --check-urls.",
    "Try it by hand, or serve the file over HTTP, which is faster as well.";
}

/// What came of asking for a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is there.
    Alive,
    /// It is not; this is what follows after the URL in a sentence.
    Dead(String),
    /// Nobody knows; this is what follows after the URL in a sentence.
    Unknown(String),
}

/// What came of asking, by URL.
pub type Fates = BTreeMap<String, Fate>;

/// Something that a document makes a machine load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its URL as it stands in the document.
    pub url: String,
    /// What to ask for: any one of them will do. Empty where the scheme is not HTTP.
    pub tries: Vec<String>,
    /// Where in the document it stands, in bytes.
    pub range: Range<usize>,
}

/// What a document makes a machine load, as far as it says so itself: what iPXE expands, relative URLs, and the documents
/// that are made for one machine are none of them.
pub fn assets(kind: Kind, document: &str) -> Vec<Asset> {
    let mut found = match kind {
        Kind::Ipxe => ipxe::assets(document),
        Kind::Ignition => ignition::assets(document),
        _ => Vec::new(),
    };
    found.retain(|asset| !is_of_one_machine(&asset.url));
    found
}

/// Whether nothing of it comes from a value: what a template prints for samples leads nowhere.
pub(super) fn is_literal(asset: &Asset, spans: &Spans) -> bool {
    !asset.range.clone().any(|byte| spans.is_value(byte))
}

/// What the answers say about a document.
pub(super) fn check(assets: Vec<Asset>, fates: &Fates, found: &mut Vec<Finding>) {
    for Asset { url, tries, range } in assets {
        if tries.is_empty() {
            let scheme = url.split(':').next().unwrap_or_default();
            let message = format!("{url}: nobody can ask for {scheme}: URLs here");
            found.push(Finding::new(&NOT_ASKED, range, message));
            continue;
        }
        let answers: Vec<(&String, &Fate)> =
            tries.iter().filter_map(|url| Some((url, fates.get(url)?))).collect();
        if answers.is_empty() || answers.iter().any(|(_, fate)| **fate == Fate::Alive) {
            continue;
        }
        // What may be there is not dead.
        let unknown = answers.iter().find(|(_, fate)| matches!(fate, Fate::Unknown(_)));
        match unknown.or(answers.first()) {
            Some((url, Fate::Unknown(why))) => {
                found.push(Finding::new(&NO_ANSWER, range, format!("{url} {why}")));
            }
            Some((url, Fate::Dead(why))) => {
                found.push(Finding::new(&DEAD, range, format!("{url} {why}")));
            }
            _ => {}
        }
    }
}

/// An absolute URL that is wholly known, with what to ask for.
pub(super) fn asset(url: &str, range: Range<usize>) -> Option<Asset> {
    let tries = is_http(url).then(|| url.to_owned());
    with_tries(url, range, tries.into_iter().collect())
}

/// An argument of a Linux kernel that names a URL; `part` says where in the document a part of it stands.
pub(super) fn of_argument(argument: &str, part: impl Fn(Range<usize>) -> Range<usize>) -> Option<Asset> {
    let (url, at, tries) = keys::find(argument)?;
    with_tries(url, part(at..at + url.len()), if is_http(url) { tries } else { Vec::new() })
}

fn with_tries(url: &str, range: Range<usize>, tries: Vec<String>) -> Option<Asset> {
    let is_known = !url.contains("${") && !url.contains("{{") && !url.contains("{%");
    let (scheme, rest) = url.split_once("://")?;
    let is_asked = matches!(scheme, "http" | "https" | "tftp" | "nfs" | "ftp") && !rest.is_empty();
    (is_known && is_asked).then(|| Asset { url: url.to_owned(), tries, range })
}

fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

/// Whether it is a question of one machine, which a server decides about, and not a file.
fn is_of_one_machine(url: &str) -> bool {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let asks = query.split('&').any(|pair| ["mac=", "uuid="].iter().any(|key| pair.starts_with(key)));
    asks || path.split('/').any(is_mac)
}

/// `52-54-00-12-34-56`, or with colons.
fn is_mac(segment: &str) -> bool {
    let separated = segment.chars().enumerate().all(|(i, c)| match i % 3 {
        2 => matches!(c, '-' | ':'),
        _ => c.is_ascii_hexdigit(),
    });
    segment.len() == 17 && separated
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(kind: Kind, document: &str) -> Vec<String> {
        for asset in assets(kind, document) {
            assert_eq!(document[asset.range.clone()], asset.url);
        }
        assets(kind, document).into_iter().map(|asset| asset.url).collect()
    }

    #[test]
    fn commands_and_kernel_arguments_name_urls() {
        let script = "#!ipxe\n\
            kernel --name k http://h/k initrd=i coreos.live.rootfs_url=http://h/r quiet ks=${x} inst.ks=http://h/ks || goto x\n\
            initrd -n i https://h/i\nchain ipxe?mac=${mac}\nmodule tftp://h/m m\nchain http://h/${arch}\n\
            imgargs k ds=nocloud-net;s=http://h/seed/ url=relative\nsanboot --drive 0x80 http://h/iso iscsi:x\n\
            # kernel http://h/comment\n:x\necho http://h/no\nchain http://h/ipxe?uuid=1 || chain http://h/52-54-00-12-34-56/x\n";
        assert_eq!(
            urls(Kind::Ipxe, script),
            [
                "http://h/k",
                "http://h/r",
                "http://h/ks",
                "https://h/i",
                "tftp://h/m",
                "http://h/seed/",
                "http://h/iso",
            ]
        );
    }

    #[test]
    fn ignition_names_sources() {
        let document = r#"{"ignition": {"version": "3.3.0", "config": {"merge": [{"source": "http://h/a"}]}},
            "storage": {"files": [{"path": "/source", "contents": {"source": "data:,http://h/no"}},
            {"path": "/x", "append": [{"source": "https://h/b"}]}]}}"#;
        assert_eq!(urls(Kind::Ignition, document), ["http://h/a", "https://h/b"]);
        assert_eq!(urls(Kind::Ignition, "{"), [""; 0]);
        assert_eq!(urls(Kind::UserData, "http://h/"), [""; 0]);
    }

    #[test]
    fn one_of_several_will_do() {
        let script = "#!ipxe\nkernel http://h/k inst.stage2=http://h/os/\n";
        let stage2 = |one, two| {
            let fates = Fates::from([
                ("http://h/k".to_owned(), Fate::Alive),
                ("http://h/os/.treeinfo".to_owned(), one),
                ("http://h/os/images/install.img".to_owned(), two),
            ]);
            let mut found = Vec::new();
            check(assets(Kind::Ipxe, script), &fates, &mut found);
            found.iter().map(|finding| format!("{} {}", finding.code(), finding.message)).collect::<Vec<_>>()
        };
        let dead = || Fate::Dead("is gone".to_owned());
        let unknown = || Fate::Unknown("is slow".to_owned());
        assert_eq!(stage2(dead(), Fate::Alive), [""; 0]);
        assert_eq!(stage2(dead(), unknown()), ["URL002 http://h/os/images/install.img is slow"]);
        assert_eq!(stage2(dead(), dead()), ["URL001 http://h/os/.treeinfo is gone"]);
    }
}
