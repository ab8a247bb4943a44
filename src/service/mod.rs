//! The use cases, and the snapshot that they read and swap.
//!
//! Boots and reads are answered from the snapshot and touch no database. A write is checked in memory against the
//! catalog that it leads to, stored in one transaction, and visible before the caller is answered.

mod advance;
mod audit;
mod bind;
mod boot_tokens;
mod database;
mod diff;
mod export;
mod filter;
mod follow;
mod gate;
mod journal;
mod keep;
mod list;
mod listen;
mod machine_state;
mod not_found;
mod params;
mod plan;
mod preview;
mod servers;
mod stage;
mod store_error;
mod templates;
mod tokens;
mod unmask;
mod vars;
mod write;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwap, ArcSwapOption};
use audit::Denials;
use boot_tokens::{Asking, BootTokens};
use servers::Servers;
use tokio::sync::{Mutex, Notify};

use crate::boot::{Boot, NoKey};
use crate::domain::{Facts, Kind, Timestamp, asset_url};
use crate::error::{Code, Error};
use crate::snapshot_file::SnapshotFile;
use crate::store::Store;
use crate::telemetry::Metrics;

pub use crate::boot::{Answer, Assets, Comparison, Group, OnFailure, OnUnknown, Outcome, Settings, Snapshot};
pub use crate::render::ServerContext;
pub use audit::{AuditBreak, AuditCheck, AuditPage, AuditPageRequest, AuditVerdict};
pub use boot_tokens::Random;
pub use export::{Export, Stored};
pub use filter::Filter;
pub use follow::Health;
pub use journal::{
    Answered, BootPage, BootPageRequest, DiscoveredList, Journal, JournalSettings, Replay, ReplayRequest,
    Replayed, Verdict, Watch, Watched,
};
pub use list::{Page, PageRequest};
pub use plan::Plan;
pub use preview::{FleetDocument, FleetRequest, Target};
pub use templates::TemplateView;
pub use tokens::{Bearer, NewToken};
pub use vars::{Supplier, TemplateVar, TemplateVars};
pub use write::{Effect, Intent, WriteOptions, Written};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// All use cases. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

struct Inner {
    /// None until the database was reached.
    store: ArcSwapOption<Store>,
    /// Where the snapshot is kept for a start without the database.
    file: Option<SnapshotFile>,
    /// Told of each new snapshot.
    published: Notify,
    /// None until the first load.
    snapshot: ArcSwapOption<Snapshot>,
    health: ArcSwap<Health>,
    /// How often in a row the database could not be asked.
    failures: AtomicU32,
    /// Held while the snapshot is advanced, by a write or by the follower.
    advancing: Mutex<()>,
    settings: Settings,
    /// Where machines reach us.
    servers: Servers,
    clock: Clock,
    metrics: Arc<Metrics>,
    journal: OnceLock<Journal>,
    tokens: tokens::Tokens,
    /// Calls that were denied and of which the audit does not know yet.
    denials: Denials,
    boot_tokens: BootTokens,
    /// Whether it was said that secrets are in clear.
    warned: AtomicBool,
}

impl Service {
    /// A service without a database and without a snapshot: [`Service::attach`] gives it the one, and
    /// [`Service::catch_up`] or [`Service::fall_back`] loads the other.
    pub fn new(file: Option<SnapshotFile>, settings: Settings, clock: Clock, metrics: Arc<Metrics>) -> Self {
        let health = ArcSwap::from_pointee(Health::unknown());
        let inner = Inner {
            store: ArcSwapOption::empty(),
            file,
            published: Notify::new(),
            snapshot: ArcSwapOption::empty(),
            health,
            failures: AtomicU32::new(0),
            advancing: Mutex::new(()),
            settings,
            servers: Servers::default(),
            clock,
            metrics,
            journal: OnceLock::new(),
            tokens: tokens::Tokens::default(),
            denials: Denials::default(),
            boot_tokens: BootTokens::default(),
            warned: AtomicBool::new(false),
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

    /// The script that every machine begins with: it asks again, with the machine's facts.
    pub fn boot_script(&self, server: &Arc<ServerContext>) -> Result<Answer, Error> {
        let snapshot = self.inner.snapshot.load();
        let snapshot = snapshot.as_ref().ok_or_else(not_loaded)?;
        let revision = snapshot.catalog.revision();
        Ok(Answer { revision, ..self.boot(snapshot, server).script() })
    }

    /// The document of `kind` for the machine with these facts, which asked with this query from this address: a document that
    /// is protected takes the token of a boot.
    pub fn answer(
        &self,
        facts: &Arc<Facts>,
        kind: Kind,
        server: &Arc<ServerContext>,
        query: &str,
        client: IpAddr,
    ) -> Result<Answer, Error> {
        let snapshot = self.inner.snapshot.load();
        let snapshot = snapshot.as_ref().ok_or_else(not_loaded)?;
        let revision = snapshot.catalog.revision();
        let guard = Asking { tokens: &self.inner.boot_tokens, query, client, clock: &self.inner.clock };
        let answer = self.boot(snapshot, server).answer_guarded(facts, kind, &guard);
        let answer = answer.map_err(|NoKey| {
            Error::new(
                Code::Unavailable,
                "no token can be made for this boot before the database was reached; try again",
            )
        })?;
        Ok(Answer { revision, ..answer })
    }

    fn boot<'a>(&'a self, snapshot: &'a Snapshot, server: &'a Arc<ServerContext>) -> Boot<'a> {
        Boot { snapshot, settings: &self.inner.settings, server, secrets: None }
    }

    /// Where this server is for a machine that reaches it at `host`: there, unless the configuration names a base URL, which
    /// also holds for a machine that names no host.
    pub fn server(&self, host: Option<&str>) -> Arc<ServerContext> {
        let settings = &self.inner.settings;
        let host = host.filter(|_| !settings.base_url_fixed);
        self.inner.servers.at(host, |base_url| settings.server(base_url.unwrap_or(&settings.base_url)))
    }

    /// The same for a machine that reaches it at `host` through TLS.
    pub fn secure_server(&self, host: &str) -> Arc<ServerContext> {
        let settings = &self.inner.settings;
        match settings.base_url_fixed {
            true => self.server(None),
            false => Arc::new(settings.server(&["https://", host].concat())),
        }
    }

    /// The same for a base URL that somebody names.
    fn server_at(&self, base_url: Option<&str>) -> Arc<ServerContext> {
        match base_url {
            Some(base_url) => Arc::new(self.inner.settings.server(base_url)),
            None => self.server(None),
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.inner.clock)()
    }
}

fn not_loaded() -> Error {
    Error::new(Code::Unavailable, "the catalog is not loaded yet; try again in a few seconds")
}
