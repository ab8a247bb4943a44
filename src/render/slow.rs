//! Templates that use up what they may: rendered one at a time, and not by those who answer everybody else.
//!
//! A rendering is some microseconds of work, so whoever takes a request does it there and then. One that ends at a limit
//! takes a thousand times as long; a few machines with such a template would keep every worker of the server busy.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Handle, RuntimeFlavor};

/// How many may wait for their turn. Each takes a thread meanwhile, of which there are not endlessly many.
const MOST_WAITING: usize = 64;

/// The templates that reached a limit.
#[derive(Default)]
pub(super) struct Slow {
    any: AtomicBool,
    names: Mutex<BTreeSet<String>>,
    waiting: AtomicUsize,
    turn: Mutex<()>,
}

impl Slow {
    pub(super) fn remember(&self, template: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if !names.contains(template) {
            names.insert(template.to_owned());
            self.any.store(true, Ordering::Release);
        }
    }

    /// Whether `template` is one of them.
    pub(super) fn has(&self, template: &str) -> bool {
        self.any.load(Ordering::Acquire)
            && self.names.lock().unwrap_or_else(PoisonError::into_inner).contains(template)
    }

    /// Does `work` when its turn comes, while another thread goes on with what this one had to do.
    pub(super) fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        let is_worker =
            Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
        if !is_worker {
            return work();
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let done = match before < MOST_WAITING {
            true => tokio::task::block_in_place(|| {
                let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
                work()
            }),
            false => work(),
        };
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        done
    }
}
