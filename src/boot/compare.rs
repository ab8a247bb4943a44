//! What the step from one snapshot to another does to the registered machines, in groups of those to which it does the
//! same.

mod difference;
mod identity;

use std::collections::BTreeSet;
use std::collections::hash_map::{Entry, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Answer, Boot, Documents, Outcome};
use crate::domain::{Kind, Machine, Name, Template};
use crate::render::{Document, Entry as TemplateEntry, TemplateSet};
use crate::resolve::Resolution;
use difference::difference;
use identity::Identity;

/// Which machines are looked at.
#[derive(Clone, Debug)]
pub enum Scope {
    /// Every one.
    All,
    /// These; for when nothing can have changed for the others.
    Machines(BTreeSet<Name>),
}

/// What a step does to a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// A document that it had, or that is new, can not be rendered.
    Fails,
    /// A document could not be rendered before and can not be now.
    StillFails,
    /// Nothing tells any more what it boots.
    Unmatched,
    /// It is no longer registered.
    Removed,
    /// It boots another image.
    Image,
    /// A document differs.
    Changed,
    /// A document can be rendered again.
    Mended,
    /// Something tells now what it boots.
    Matched,
    /// It is newly registered.
    Added,
}

/// Machines to which the same happens.
#[derive(Clone, Debug)]
pub struct Group {
    /// What happens.
    pub effect: Effect,
    /// To which document; none where it is about the machine as a whole.
    pub kind: Option<Kind>,
    /// The template that makes that document now, without its revision.
    pub template: Option<String>,
    /// Why it fails, or which images there were before and are after.
    pub detail: String,
    /// How the document of the first machine changes, as a unified diff.
    pub diff: String,
    /// Their names, in order.
    pub machines: Vec<Name>,
}

/// What a step does.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// How many machines were looked at.
    pub machines: usize,
    /// To how many of them something happens; a failure that was there before is nothing that happens.
    pub affected: usize,
    /// What happens, the worst first, and then the largest group first.
    pub groups: Vec<Group>,
}

/// Machines that one thread takes at a time.
const BATCH: usize = 64;

/// Compares what the machines get from `before` with what they get from `after`. `done` is called now and then, from any
/// thread, with how many are compared and how many there are.
pub fn compare(
    before: Boot<'_>,
    after: Boot<'_>,
    scope: &Scope,
    done: &(dyn Fn(usize, usize) + Sync),
) -> Comparison {
    let names: Vec<Name> = match scope {
        Scope::All => {
            let all = before.snapshot.catalog.machines().names();
            all.chain(after.snapshot.catalog.machines().names())
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect()
        }
        Scope::Machines(names) => names.iter().cloned().collect(),
    };
    let touched = touched(&before.snapshot.templates, &after.snapshot.templates);
    let (next, compared) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let mut found = Vec::new();
        loop {
            let begin = next.fetch_add(BATCH, Ordering::Relaxed);
            let Some(batch) = names.get(begin..names.len().min(begin + BATCH)).filter(|b| !b.is_empty())
            else {
                return found;
            };
            for name in batch {
                found.extend(
                    compare_machine(&before, &after, &touched, name.as_str())
                        .into_iter()
                        .map(|happens| (name, happens)),
                );
            }
            done(compared.fetch_add(batch.len(), Ordering::Relaxed) + batch.len(), names.len());
        }
    };
    let workers =
        if names.len() <= BATCH { 1 } else { thread::available_parallelism().map_or(1, usize::from) };
    let found = if workers == 1 {
        work()
    } else {
        thread::scope(|scope| {
            let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
        })
    };
    group(names.len(), found)
}

/// One thing that happens to one machine.
struct Happening {
    effect: Effect,
    kind: Option<Kind>,
    template: Option<String>,
    detail: String,
    /// What makes it the same as what happens to another machine, besides effect and kind.
    key: String,
    diff: String,
}

fn compare_machine(
    before: &Boot<'_>,
    after: &Boot<'_>,
    touched: &BTreeSet<Name>,
    name: &str,
) -> Vec<Happening> {
    let machine = |boot: &Boot<'_>| boot.snapshot.catalog.machines().get(name).map(|entry| entry.value);
    match (machine(before), machine(after)) {
        (None, None) => Vec::new(),
        (Some(_), None) => vec![Happening::whole(Effect::Removed, String::new())],
        (None, Some(machine)) => {
            let documents = after.documents(&machine);
            let boots = told(&documents.resolution);
            let mut found = vec![Happening::whole(Effect::Added, boots)];
            let failing = documents.answers.iter().filter(|answer| answer.outcome == Outcome::Failed);
            found.extend(
                failing.map(|answer| Happening::fails(Effect::Fails, answer, &Identity::of(&machine))),
            );
            found
        }
        (Some(old), Some(new)) => {
            let resolution = after.resolution_of(&new);
            if is_same(&before.resolution_of(&old), &resolution) && !reads(&resolution, touched) {
                return Vec::new();
            }
            compare_documents(&before.documents(&old), &after.documents(&new), &old, &new)
        }
    }
}

/// The templates that make something else, perhaps: those that differ, and those that include them.
fn touched(before: &TemplateSet, after: &TemplateSet) -> BTreeSet<Name> {
    let differs = |entry: &&TemplateEntry, other: &TemplateSet| {
        let Template { name, kind, source, .. } = &entry.template;
        let same = |other: &TemplateEntry| other.template.kind == *kind && other.template.source == *source;
        !other.get(name.as_str()).is_some_and(same)
    };
    let old = before.iter().filter(|entry| differs(entry, after));
    let new = after.iter().filter(|entry| differs(entry, before));
    let names: BTreeSet<&str> = old.chain(new).map(|entry| entry.template.name.as_str()).collect();
    if names.is_empty() {
        return BTreeSet::new();
    }
    before.users_of(&names).chain(after.users_of(&names)).cloned().collect()
}

/// Whether some document of a machine with this resolution is made by one of these templates.
fn reads(resolution: &Resolution, templates: &BTreeSet<Name>) -> bool {
    let has = |name: &str| templates.contains(name);
    if !resolution.is_match() {
        return has("unknown");
    }
    Kind::ALL.into_iter().any(|kind| resolution.template(kind).is_some_and(|(name, _)| has(name)))
}

/// Whether nothing that a template can see differs; whether it does is not said.
fn is_same(before: &Resolution, after: &Resolution) -> bool {
    fn same<T>(a: &Option<Arc<T>>, b: &Option<Arc<T>>) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }
    same(&before.machine, &after.machine)
        && same(&before.rule, &after.rule)
        && same(&before.image, &after.image)
        && before.missing_image == after.missing_image
}

fn compare_documents(before: &Documents, after: &Documents, old: &Machine, new: &Machine) -> Vec<Happening> {
    let mut found = Vec::new();
    match (before.resolution.is_match(), after.resolution.is_match()) {
        (true, false) => found.push(Happening::whole(Effect::Unmatched, told(&before.resolution))),
        (false, true) => found.push(Happening::whole(Effect::Matched, told(&after.resolution))),
        _ => {
            let (was, is) = (told(&before.resolution), told(&after.resolution));
            if was != is {
                found.push(Happening::whole(Effect::Image, format!("{was} → {is}")));
            }
        }
    }
    // Where a machine boots nothing before or after, all of its documents come or go, which says nothing more.
    let comes_or_goes = before.resolution.is_match() != after.resolution.is_match();
    let identities = (Identity::of(old), Identity::of(new));
    for kind in Kind::ALL {
        let of = |documents: &'_ Documents| documents.answers.iter().position(|answer| answer.kind == kind);
        let was = of(before).map(|at| &before.answers[at]);
        let is = of(after).map(|at| &after.answers[at]);
        let happens = compare_answers(was, is, &identities);
        found.extend(happens.filter(|one| !comes_or_goes || one.effect == Effect::Fails));
    }
    found
}

fn compare_answers(
    was: Option<&Answer>,
    is: Option<&Answer>,
    (old, new): &(Identity, Identity),
) -> Option<Happening> {
    let failed = |answer: Option<&Answer>| answer.is_some_and(|answer| answer.outcome == Outcome::Failed);
    let template = is.and_then(Answer::template_name).map(str::to_owned);
    match (failed(was), failed(is)) {
        (false, true) => Some(Happening::fails(Effect::Fails, is?, new)),
        (true, true) => Some(Happening::fails(Effect::StillFails, is?, new)),
        (was_failed, false) => {
            let text = |answer: Option<&Answer>| match answer {
                Some(answer) if answer.outcome != Outcome::Failed => {
                    answer.document.clone().unwrap_or_default()
                }
                _ => Document::default(),
            };
            let kind = is.or(was)?.kind;
            if was_failed {
                return Some(Happening {
                    kind: Some(kind),
                    template,
                    ..Happening::whole(Effect::Mended, String::new())
                });
            }
            let (before, after) = (text(was), text(is));
            if before == after {
                let in_clear = |answer: Option<&Answer>| answer.and_then(|answer| answer.in_clear);
                return (in_clear(was) != in_clear(is)).then(|| Happening {
                    kind: Some(kind),
                    template,
                    ..Happening::whole(Effect::Changed, "only in values that are secret".to_owned())
                });
            }
            let key = difference(&old.masked(&before), &new.masked(&after), 0);
            Some(Happening {
                effect: Effect::Changed,
                kind: Some(kind),
                template,
                detail: String::new(),
                key,
                diff: difference(&before, &after, 3),
            })
        }
    }
}

/// What a machine boots, in a few words.
fn told(resolution: &Resolution) -> String {
    match (&resolution.image, &resolution.missing_image) {
        (Some(image), _) => format!("image {}", image.name),
        (None, Some(missing)) => format!("image {missing}, which does not exist"),
        (None, None) if resolution.is_match() => "templates without an image".to_owned(),
        (None, None) => "nothing".to_owned(),
    }
}

impl Happening {
    fn whole(effect: Effect, detail: String) -> Self {
        Self { effect, kind: None, template: None, key: detail.clone(), detail, diff: String::new() }
    }

    fn fails(effect: Effect, answer: &Answer, identity: &Identity) -> Self {
        let detail = answer.problem.clone().unwrap_or_default();
        Self {
            effect,
            kind: Some(answer.kind),
            template: answer.template_name().map(str::to_owned),
            key: identity.masked(&detail),
            detail,
            diff: String::new(),
        }
    }
}

fn group(machines: usize, mut found: Vec<(&Name, Happening)>) -> Comparison {
    // What is shown of a group is that of its first machine, whichever thread came first.
    found.sort_by_key(|(name, _)| *name);
    let mut groups: HashMap<(Effect, Option<Kind>, String), Group> = HashMap::new();
    let mut affected = BTreeSet::new();
    for (name, happens) in found {
        if happens.effect != Effect::StillFails {
            affected.insert(name);
        }
        let Happening { effect, kind, template, detail, key, diff } = happens;
        match groups.entry((effect, kind, key)) {
            Entry::Vacant(place) => {
                place.insert(Group { effect, kind, template, detail, diff, machines: vec![name.clone()] });
            }
            Entry::Occupied(mut group) => group.get_mut().machines.push(name.clone()),
        }
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by(|a, b| {
        let order = |group: &Group| (group.effect, std::cmp::Reverse(group.machines.len()), group.kind);
        order(a).cmp(&order(b)).then_with(|| a.machines.cmp(&b.machines)).then_with(|| a.diff.cmp(&b.diff))
    });
    Comparison { machines, affected: affected.len(), groups }
}

impl Effect {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fails => "fails",
            Self::StillFails => "still-fails",
            Self::Unmatched => "unmatched",
            Self::Removed => "removed",
            Self::Image => "image",
            Self::Changed => "changed",
            Self::Mended => "mended",
            Self::Matched => "matched",
            Self::Added => "added",
        }
    }
}
