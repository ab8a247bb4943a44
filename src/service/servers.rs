//! Where this server is, for the few names under which machines reach it.

use std::array;
use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::render::ServerContext;

/// How many are remembered. A site has one or two; names that somebody makes up only take the places of others.
const PLACES: usize = 8;

/// What was last made for a base URL, so that not every request makes it anew.
pub(super) struct Servers([ArcSwapOption<ServerContext>; PLACES]);

impl Default for Servers {
    fn default() -> Self {
        Self(array::from_fn(|_| ArcSwapOption::empty()))
    }
}

impl Servers {
    /// What `make` makes of `base_url`.
    pub(super) fn at(&self, base_url: &str, make: impl Fn(&str) -> ServerContext) -> Arc<ServerContext> {
        let sum = base_url.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31) + usize::from(byte));
        let place = &self.0[sum % PLACES];
        if let Some(known) = place.load().as_ref().filter(|known| known.base_url == base_url) {
            return known.clone();
        }
        let made = Arc::new(make(base_url));
        place.store(Some(made.clone()));
        made
    }
}
