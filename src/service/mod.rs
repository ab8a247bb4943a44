//! The use cases, and the snapshot that they read and swap.
//!
//! Boots and reads are answered from the snapshot and touch no database. A write is checked in memory against the
//! catalog that it leads to, stored in one transaction, and visible before the caller is answered.

mod bind;
mod boot;
mod diff;
mod filter;
mod follow;
mod leads;
mod list;
mod not_found;
mod params;
mod preview;
mod snapshot;
mod store_error;
mod templates;
mod vars;
mod write;

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::Mutex;

use crate::domain::{Timestamp, asset_url};
use crate::error::{Code, Error};
use crate::render::Limits;
use crate::store::Store;
use crate::telemetry::Metrics;

pub use boot::{Answer, Outcome};
pub use filter::Filter;
pub use follow::Health;
pub use list::{Page, PageRequest};
pub use preview::Target;
pub use snapshot::Snapshot;
pub use templates::TemplateView;
pub use vars::{Supplier, TemplateVar, TemplateVars};
pub use write::{Effect, Intent, WriteOptions, Written};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What an operator can set about answers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What a machine gets that nothing matches.
    pub unknown: OnUnknown,
    /// What a machine gets whose script can not be rendered.
    pub failure: OnFailure,
    /// How long a held machine waits before it asks again, in seconds.
    pub hold_seconds: u32,
    /// Where relative image paths lead.
    pub assets: Assets,
    /// Whether this server has files of its own under `/assets`.
    pub serves_assets: bool,
    /// The base of our URLs, where the request does not tell it.
    pub base_url: String,
    /// Whether `base_url` holds even where the request tells another.
    pub base_url_fixed: bool,
    /// What rendering may cost.
    pub limits: Limits,
}

/// What a machine gets that nothing matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknown {
    /// The template `unknown`, which shows who it is and asks again.
    Hold,
    /// Status 404, so that its firmware tries the next boot device.
    NotFound,
}

/// What a machine gets whose script can not be rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The template `error`, which shows the incident and asks again.
    Script,
    /// Status 500, so that its firmware tries the next boot device.
    Status,
}

/// Where relative image paths lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assets {
    /// To `/assets` of this server.
    Own,
    /// To this base URL: the forward server.
    Forward(String),
}

/// All use cases. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    /// None until the first load.
    snapshot: ArcSwapOption<Snapshot>,
    health: ArcSwap<Health>,
    /// Held while the snapshot is advanced, by a write or by the follower.
    advancing: Mutex<()>,
    settings: Settings,
    clock: Clock,
    metrics: Arc<Metrics>,
}

impl Service {
    /// A service without a snapshot; [`Service::catch_up`] loads it.
    pub fn new(store: Store, settings: Settings, clock: Clock, metrics: Arc<Metrics>) -> Self {
        let health = ArcSwap::from_pointee(Health::unknown());
        let inner = Inner {
            store,
            snapshot: ArcSwapOption::empty(),
            health,
            advancing: Mutex::new(()),
            settings,
            clock,
            metrics,
        };
        Self { inner: Arc::new(inner) }
    }

    /// What is served now; `UNAVAILABLE` before the first load.
    pub fn snapshot(&self) -> Result<Arc<Snapshot>, Error> {
        self.inner.snapshot.load_full().ok_or_else(not_loaded)
    }

    /// What an operator has set.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// A path of an image as absolute URL, for a caller who is no machine.
    pub fn asset_url(&self, path: &str) -> String {
        let settings = self.settings();
        asset_url(&settings.assets.base(&settings.base_url), path)
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.inner.clock)()
    }
}

impl Assets {
    /// The base of relative image paths, for a machine that reaches us at `base_url`.
    pub fn base(&self, base_url: &str) -> String {
        match self {
            Self::Own => format!("{base_url}/assets"),
            Self::Forward(url) => url.clone(),
        }
    }
}

fn not_loaded() -> Error {
    Error::new(Code::Unavailable, "the catalog is not loaded yet; try again in a few seconds")
}
