//! Documents that are kept, for whoever would get the same.
//!
//! Many machines get the same document, and one machine asks several times. Which values a template reads shows when it is
//! rendered ([`super::witness`]), so a document is kept under what these values were. A template that turns out to read more
//! than it did before begins anew.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwap, ArcSwapOption};

use super::context::Context;
use super::document::Document;
use super::error::RenderError;
use super::set::TemplateSet;
use super::view;
use super::witness::{Values, Witness};
use crate::domain::{Image, Rule};

/// What the kept documents of one set may take, in bytes.
const MOST: usize = 16 << 20;

/// A document that is larger, or depends on more, is not kept: it is no boot script, and would drive out hundreds of them.
const LARGEST: usize = 64 << 10;

/// What keeping one takes beside its text and its key, in bytes.
const OVERHEAD: usize = 256;

/// How many could be kept: more than there is memory for, so that few fall on the same place.
const SLOTS: usize = 1 << 15;

/// In how many places one can be.
const WAYS: usize = 4;

/// The documents of one set.
#[derive(Default)]
pub(super) struct Kept {
    /// Made when the first machine asks: most sets only check something.
    slots: OnceLock<Box<[ArcSwapOption<Page>]>>,
    bytes: AtomicUsize,
    hand: AtomicUsize,
}

struct Page {
    hash: u64,
    key: Box<[u8]>,
    document: Document,
    /// So that no other image or rule takes their addresses, which are in the key.
    _alive: (Option<Arc<Image>>, Option<Arc<Rule>>),
}

/// What one template of the set is known to read.
pub(super) struct Known {
    values: ArcSwap<Numbered>,
}

struct Numbered {
    /// Different for each template and each time that it turned out to read more.
    number: usize,
    values: Arc<Values>,
}

static NUMBERS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static KEY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl TemplateSet {
    /// The document that [`render`](Self::render) makes, which may have been made before. For machines that boot: what is
    /// rendered only once would drive out what they ask for again.
    pub fn render_or_recall(&self, name: &str, context: &Context) -> Result<Document, RenderError> {
        if context.failure.is_some() || context.server.token.is_some() {
            // No two failures are the same, and no two boots have the same token.
            return self.render(name, context).map(Document::from);
        }
        let entry = self.usable(name)?;
        let known = entry.known.values.load();
        let mut key = KEY.take();
        known.key(context, &mut key);
        let hash = hash(&key);
        if let Some(document) = self.kept.get(hash, &key) {
            KEY.set(key);
            return Ok(document);
        }
        let variables = self.variables_of(entry);
        variables.check(name, context)?;
        let witness = Witness::new(known.values.clone());
        // Whether these are as declared was looked at too.
        variables.declared_params(context.image.as_deref()).for_each(|param| witness.param(param));
        let root = view::witnessed(context, &variables.declared, witness);
        let document = Document::from(self.rendered(entry, root.clone())?);
        match view::witness(&root).and_then(Witness::more) {
            Some(more) => entry.known.grow(&more),
            None if document.size().max(key.len()) <= LARGEST => {
                let rule = context.rule.clone().filter(|_| known.values.have_rule());
                let alive = (context.image.clone(), rule);
                let page =
                    Page { hash, key: key.as_slice().into(), document: document.clone(), _alive: alive };
                self.kept.put(page);
            }
            None => {}
        }
        if key.capacity() <= LARGEST {
            KEY.set(key);
        }
        Ok(document)
    }
}

impl TemplateSet {
    /// How many bytes the documents take that are kept for whoever asks again; 16 MiB at most.
    pub fn kept_bytes(&self) -> usize {
        self.kept.bytes.load(Ordering::Relaxed)
    }
}

impl Known {
    pub(super) fn nothing() -> Self {
        Self { values: ArcSwap::from_pointee(Numbered::new(Values::default())) }
    }

    fn grow(&self, more: &Values) {
        self.values.rcu(|known| {
            let mut values = Values::clone(&known.values);
            values.add(more);
            if values == *known.values { known.clone() } else { Arc::new(Numbered::new(values)) }
        });
    }
}

impl Numbered {
    fn new(values: Values) -> Self {
        Self { number: NUMBERS.fetch_add(1, Ordering::Relaxed), values: Arc::new(values) }
    }

    fn key(&self, context: &Context, key: &mut Vec<u8>) {
        key.clear();
        key.extend_from_slice(&self.number.to_le_bytes());
        self.values.write(context, key);
    }
}

impl Kept {
    fn get(&self, hash: u64, key: &[u8]) -> Option<Document> {
        places(self.slots.get()?, hash).find_map(|slot| {
            let page = slot.load();
            let page = page.as_ref()?;
            (page.hash == hash && *page.key == *key).then(|| page.document.clone())
        })
    }

    fn put(&self, page: Page) {
        let slots = self.slots.get_or_init(|| (0..SLOTS).map(|_| ArcSwapOption::empty()).collect());
        let free = places(slots, page.hash).find(|slot| slot.load().is_none());
        let hand = || self.hand.fetch_add(1, Ordering::Relaxed);
        let Some(slot) = free.or_else(|| places(slots, page.hash).nth(hand() % WAYS)) else { return };
        self.bytes.fetch_add(page.bytes(), Ordering::Relaxed);
        self.removed(slot.swap(Some(Arc::new(page))));
        // Whatever comes next goes, so that to be asked for costs a document nothing: one that is asked for often comes back
        // at once.
        while self.bytes.load(Ordering::Relaxed) > MOST {
            self.removed(slots[hand() % SLOTS].swap(None));
        }
    }

    fn removed(&self, page: Option<Arc<Page>>) {
        self.bytes.fetch_sub(page.map_or(0, |page| page.bytes()), Ordering::Relaxed);
    }
}

impl Page {
    fn bytes(&self) -> usize {
        self.key.len() + self.document.size() + OVERHEAD
    }
}

/// Where a document with this hash can be.
fn places(slots: &[ArcSwapOption<Page>], hash: u64) -> impl Iterator<Item = &ArcSwapOption<Page>> {
    let first = (hash >> 32) as usize & (SLOTS - 1) & !(WAYS - 1);
    slots.iter().skip(first).take(WAYS)
}

/// Tells keys apart well enough to find them; whether one is the right one is seen in the key itself.
fn hash(key: &[u8]) -> u64 {
    // Of the golden ratio, so that its multiples are spread.
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut words = key.chunks_exact(8);
    let mix = |hash: u64, word: u64| (hash.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let mut hash = key.len() as u64;
    for word in &mut words {
        hash = mix(hash, word.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    }
    hash = mix(hash, words.remainder().iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
    mix(hash, hash >> 32)
}
