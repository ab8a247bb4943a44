//! Where this server is, for the few names under which machines reach it.

use std::array;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;

use crate::render::ServerContext;

/// How many are remembered. A site has one or two; names that somebody makes up only take the places of others.
const PLACES: usize = 8;

const SCHEME: &str = "http://";

/// What was last made for a host, so that not every request makes it anew.
pub(super) struct Servers {
    by_host: [ArcSwapOption<ServerContext>; PLACES],
    without_host: OnceLock<Arc<ServerContext>>,
}

impl Default for Servers {
    fn default() -> Self {
        Self { by_host: array::from_fn(|_| ArcSwapOption::empty()), without_host: OnceLock::new() }
    }
}

impl Servers {
    /// What `make` makes of `http://HOST`, or of no base URL where there is no host.
    pub(super) fn at(
        &self,
        host: Option<&str>,
        make: impl Fn(Option<&str>) -> ServerContext,
    ) -> Arc<ServerContext> {
        let Some(host) = host else { return self.without_host.get_or_init(|| make(None).into()).clone() };
        let sum = host.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31) + usize::from(byte));
        let place = &self.by_host[sum % PLACES];
        if let Some(known) = &*place.load()
            && known.base_url.strip_prefix(SCHEME) == Some(host)
        {
            return known.clone();
        }
        let made = Arc::new(make(Some(&[SCHEME, host].concat())));
        place.store(Some(made.clone()));
        made
    }
}
