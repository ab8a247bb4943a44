//! Rules in their order, indexed so that few need be looked at.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::{Attribute, Key, Pattern, Rule, Subject, Term};

/// A place in the order of rules; lower is tried first.
type Rank = u32;

/// The rules that are filed under each value.
type Ranks<T> = HashMap<T, Vec<Rank>>;

/// The rules in the order in which they are tried. Each is filed under one of its terms, the one that fewest other
/// rules share, so that a machine is held only against rules that are likely to match it.
#[derive(Default)]
pub struct RuleIndex {
    ordered: Vec<Arc<Rule>>,
    exact: HashMap<Key, Ranks<Box<str>>>,
    /// By the length of the prefix, then by the prefix.
    prefix: HashMap<Key, BTreeMap<usize, Ranks<Box<str>>>>,
    nets: BTreeMap<(bool, u8), Ranks<IpAddr>>,
    /// Rules without a term that can be looked up: the default rule, exclusions, globs that begin with `*`.
    rest: Vec<Rank>,
}

/// One entry under which a rule can be filed.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Slot<'a> {
    Exact(&'a Key, Cow<'a, str>),
    Prefix(&'a Key, String),
    Net(IpAddr, u8),
}

impl RuleIndex {
    /// Orders and indexes `rules`.
    pub fn new(rules: impl Iterator<Item = Arc<Rule>>) -> Self {
        let mut ordered: Vec<_> = rules.collect();
        ordered.sort_by_cached_key(|rule| rule.order_key());
        let mut crowd: HashMap<Slot<'_>, usize> = HashMap::new();
        for slots in ordered.iter().flat_map(|rule| rule.selector.terms().iter().filter_map(slots)) {
            for slot in slots {
                *crowd.entry(slot).or_default() += 1;
            }
        }
        let mut index = Self::default();
        for (rank, rule) in (0..).zip(&ordered) {
            let terms = rule.selector.terms().iter().filter_map(slots);
            match terms.min_by_key(|slots| slots.iter().map(|slot| crowd[slot]).max()) {
                None => index.rest.push(rank),
                Some(slots) => slots.into_iter().for_each(|slot| index.file(slot, rank)),
            }
        }
        drop(crowd);
        index.ordered = ordered;
        index
    }

    /// All rules in the order in which they are tried.
    pub fn ordered(&self) -> &[Arc<Rule>] {
        &self.ordered
    }

    /// The first rule that `subject` matches.
    pub fn first_match(&self, subject: Subject<'_>) -> Option<&Arc<Rule>> {
        let mut lists = self.lists(subject);
        // Each list is in order, so the least of their heads is the next candidate.
        loop {
            let next = lists.iter().filter_map(|list| list.first().copied()).min()?;
            let rule = &self.ordered[next as usize];
            if rule.selector.matches(subject) {
                return Some(rule);
            }
            for list in &mut lists {
                if list.first() == Some(&next) {
                    *list = &list[1..];
                }
            }
        }
    }

    /// The lists of rules that can match `subject`; no other rule can.
    fn lists(&self, subject: Subject<'_>) -> Vec<&[Rank]> {
        let mut lists = vec![self.rest.as_slice()];
        let mut text = String::new();
        for (key, values) in &self.exact {
            if let Some(list) = lookup_value(subject, key, &mut text).and_then(|value| values.get(value)) {
                lists.push(list);
            }
        }
        for (key, by_len) in &self.prefix {
            let Some(value) = lookup_value(subject, key, &mut text) else { continue };
            for (len, prefixes) in by_len.range(..=value.len()) {
                if let Some(list) = value.get(..*len).and_then(|prefix| prefixes.get(prefix)) {
                    lists.push(list);
                }
            }
        }
        if let Some(ip) = subject.facts.ip {
            let ip = ip.to_canonical();
            for ((v4, bits), networks) in &self.nets {
                if *v4 == ip.is_ipv4()
                    && let Some(list) = networks.get(&Pattern::masked(ip, *bits))
                {
                    lists.push(list);
                }
            }
        }
        lists
    }

    fn file(&mut self, slot: Slot<'_>, rank: Rank) {
        let list = match slot {
            Slot::Exact(key, value) => {
                self.exact.entry(key.clone()).or_default().entry(value.into()).or_default()
            }
            Slot::Prefix(key, prefix) => self
                .prefix
                .entry(key.clone())
                .or_default()
                .entry(prefix.len())
                .or_default()
                .entry(prefix.into())
                .or_default(),
            Slot::Net(network, bits) => {
                self.nets.entry((network.is_ipv4(), bits)).or_default().entry(network).or_default()
            }
        };
        // Two patterns of one term can share a slot; the rule is listed once.
        if list.last() != Some(&rank) {
            list.push(rank);
        }
    }
}

/// The slots of which one must be looked up for `term` to match; `None` where no look-up can tell.
fn slots(term: &Term) -> Option<Vec<Slot<'_>>> {
    if term.any.is_empty() {
        return None;
    }
    term.any
        .iter()
        .map(|pattern| match pattern {
            Pattern::Mac(mac) => Some(Slot::Exact(&term.key, mac.to_string().into())),
            Pattern::Uuid(uuid) => Some(Slot::Exact(&term.key, uuid.to_string().into())),
            Pattern::Text(text) => Some(Slot::Exact(&term.key, text.to_ascii_lowercase().into())),
            Pattern::Net(network, bits) => Some(Slot::Net(*network, *bits)),
            Pattern::Glob(glob) => match glob.split('*').next() {
                Some("") | None => None,
                Some(prefix) => Some(Slot::Prefix(&term.key, prefix.to_ascii_lowercase())),
            },
        })
        .collect()
}

/// The value under which a subject would be filed, written to `text`, which saves memory of its own for each.
fn lookup_value<'a>(subject: Subject<'_>, key: &Key, text: &'a mut String) -> Option<&'a str> {
    text.clear();
    let facts = subject.facts;
    // To a string nothing fails.
    let _ = match key {
        Key::Fact(Attribute::Mac) => write!(text, "{}", facts.mac?),
        Key::Fact(Attribute::Uuid) => write!(text, "{}", facts.identifying_uuid()?),
        Key::Fact(attribute) => text.write_str(&facts.get(*attribute)?),
        Key::Label(label) => text.write_str(subject.labels?.get(label)?),
    };
    text.make_ascii_lowercase();
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Facts, Selector};

    fn selector() -> impl Strategy<Value = Selector> {
        let term = prop_oneof![
            (Just("mac"), "!?(02:00:00:00:00:0[1-3]|02:00:[*]|[*]:01)"),
            (Just("uuid"), "!?(4c4c4544-0042-3510-8052-b4c04f4d353[12]|4c4c[*])"),
            (Just("serial"), "!?(SN1|sn2|S[*]|[*]2)"),
            (Just("product"), "!?(Acme|acme X|Ac[*]|A[*]X)"),
            (
                Just("ip"),
                "!?(10\\.0\\.0\\.0/8|10\\.1\\.0\\.0/16|10\\.1\\.2\\.3|0\\.0\\.0\\.0/0|10\\.1\\.[*])"
            ),
            (Just("label.rack"), "!?(r1|R2|r[*])"),
        ];
        proptest::collection::vec(term, 0..4).prop_map(|terms| {
            let mut map = BTreeMap::<String, Vec<String>>::new();
            for (key, pattern) in terms {
                map.entry(key.into()).or_default().push(pattern);
            }
            map.try_into().unwrap()
        })
    }

    fn rules() -> impl Strategy<Value = Vec<Arc<Rule>>> {
        proptest::collection::vec((selector(), -1..2i32), 0..12).prop_map(|rules| {
            let named = rules.into_iter().enumerate().map(|(i, (selector, priority))| {
                let name = format!("rule-{i}").parse().unwrap();
                Arc::new(Rule { priority, selector, ..Rule::new(name) })
            });
            named.collect()
        })
    }

    fn facts() -> impl Strategy<Value = Facts> {
        let said = |attribute, pattern: &'static str| {
            proptest::option::of(pattern.prop_map(move |value: String| (attribute, value)))
        };
        (
            said(Attribute::Mac, "02:00:00:00:00:0[1-4]"),
            said(
                Attribute::Uuid,
                "4c4c4544-0042-3510-8052-b4c04f4d353[1-3]|00000000-0000-0000-0000-000000000000",
            ),
            said(Attribute::Serial, "[Ss][nN][1-3]"),
            said(Attribute::Product, "Acme|acme x|ACME|other"),
            said(Attribute::Ip, "10\\.[01]\\.2\\.[34]|2001:db8::1"),
        )
            .prop_map(|(a, b, c, d, e)| {
                let mut facts = Facts::default();
                for (attribute, value) in [a, b, c, d, e].into_iter().flatten() {
                    facts.set(attribute, &value).unwrap();
                }
                facts
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn the_index_finds_what_a_scan_finds(
            rules in rules(),
            facts in facts(),
            rack in proptest::option::of("[rR][12]"),
        ) {
            let labels = rack.map(|rack| BTreeMap::from([("rack".to_owned(), rack)]));
            let subject = Subject { facts: &facts, labels: labels.as_ref() };
            let index = RuleIndex::new(rules.iter().cloned());
            let mut scanned = rules;
            scanned.sort_by_key(|rule| rule.order_key());
            let expected = scanned.iter().find(|rule| rule.selector.matches(subject)).map(|rule| &rule.name);
            prop_assert_eq!(index.first_match(subject).map(|rule| &rule.name), expected);
        }

        #[test]
        fn the_order_is_total(rules in rules()) {
            let order = |a: &Rule, b: &Rule| a.order_key().cmp(&b.order_key());
            for a in &rules {
                for b in &rules {
                    prop_assert_eq!(order(a, b), order(b, a).reverse());
                    prop_assert_eq!(order(a, b).is_eq(), a.name == b.name);
                    for c in &rules {
                        prop_assert!(!(order(a, b).is_lt() && order(b, c).is_lt()) || order(a, c).is_lt());
                    }
                }
            }
        }
    }

    #[test]
    fn few_candidates_among_many_rules() {
        let rule = |i: usize| {
            let map = BTreeMap::from([
                ("product".to_owned(), vec!["Acme".to_owned()]),
                ("label.rack".to_owned(), vec![format!("r{i}")]),
            ]);
            Arc::new(Rule {
                selector: map.try_into().unwrap(),
                ..Rule::new(format!("rule-{i}").parse().unwrap())
            })
        };
        let index = RuleIndex::new((0..10_000).map(rule));
        let facts = Facts { product: Some("acme".into()), ..Facts::default() };
        let labels = BTreeMap::from([("rack".to_owned(), "r77".to_owned())]);
        let subject = Subject { facts: &facts, labels: Some(&labels) };
        assert_eq!(index.lists(subject).iter().map(|list| list.len()).sum::<usize>(), 1);
        assert_eq!(index.first_match(subject).unwrap().name.as_str(), "rule-77");
    }
}
