//! Keeps the keys level with what the provider publishes. While they can not be read, those that are known stay in force.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::fetch::{self, PATIENCE};
use super::{Oidc, Source};

/// How often to look whether a file changed.
const POLL: Duration = Duration::from_secs(1);

/// The least time between two readings of a URL, whoever asks for one.
const LEAST: Duration = Duration::from_secs(5);

/// When to try again what failed.
const RETRY: Duration = Duration::from_secs(30);

/// Has keys read because somebody brought a token of one that is not known.
pub(super) struct Asking {
    wake: Notify,
    /// How often they were read, or could not be.
    readings: watch::Sender<u64>,
    /// When the last reading began.
    last: Mutex<Option<Instant>>,
    /// Whether it goes on.
    is_reading: AtomicBool,
}

impl Default for Asking {
    fn default() -> Self {
        let (wake, readings) = (Notify::new(), watch::Sender::new(0));
        Self { wake, readings, last: Mutex::new(None), is_reading: AtomicBool::new(false) }
    }
}

impl Oidc {
    /// Has the keys read now, and waits for it, unless that was done a moment ago: who makes up names of keys does
    /// not make this server ask the provider.
    pub async fn refresh(&self) {
        if matches!(self.settings.source, Source::File(_)) {
            return;
        }
        let mut readings = self.asking.readings.subscribe();
        if !self.asking.is_reading.load(Ordering::Acquire) {
            let last = *self.asking.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.is_some_and(|last| last.elapsed() < LEAST) {
                return;
            }
            self.asking.wake.notify_one();
        }
        // The caller has to be told something in the end.
        let _ = tokio::time::timeout(PATIENCE, readings.changed()).await;
    }

    /// Reads the keys, again and again, until `stop`.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let file = match &self.settings.source {
            Source::File(file) => Some(file.clone()),
            Source::Url { .. } | Source::Discovered { .. } => None,
        };
        match file {
            Some(file) => self.follow_file(&file, &stop).await,
            None => self.follow_url(&stop).await,
        }
    }

    async fn follow_url(self: Arc<Self>, stop: &CancellationToken) {
        let mut told = None;
        loop {
            *self.asking.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            self.asking.is_reading.store(true, Ordering::Release);
            let Some(is_read) = stop.run_until_cancelled(self.read(&mut told)).await else { return };
            self.asking.is_reading.store(false, Ordering::Release);
            self.asking.readings.send_modify(|readings| *readings += 1);
            let pause = if is_read { self.settings.refresh } else { RETRY.min(self.settings.refresh) };
            let woken = async {
                let asked = tokio::time::timeout(pause, self.asking.wake.notified()).await;
                if asked.is_ok() {
                    tracing::debug!("a token is signed with a key that is not known; reading the keys anew");
                }
            };
            if stop.run_until_cancelled(woken).await.is_none() {
                return;
            }
        }
    }

    async fn follow_file(self: Arc<Self>, file: &Path, stop: &CancellationToken) {
        // It may have changed since the start read it.
        let (mut known, mut told) = (None, None);
        while stop.run_until_cancelled(tokio::time::sleep(POLL)).await.is_some() {
            let state = state(file);
            // What is half written is read again once it is whole, and told of only if it stays so.
            if state != known && self.read(&mut told).await {
                known = state;
            }
        }
    }

    /// Reads them; whether that went well. What goes wrong in the same way as before is not told again.
    async fn read(self: &Arc<Self>, told: &mut Option<String>) -> bool {
        let this = self.clone();
        let read = tokio::task::spawn_blocking(move || fetch::fetch(&this.settings)).await;
        let problem = match read.unwrap_or_else(|error| Err(format!("reading them crashed: {error}"))) {
            Ok(keys) => {
                let names = keys.names();
                let before = self.keys.swap(Some(Arc::new(keys)));
                if told.take().is_some() || before.is_none_or(|before| before.names() != names) {
                    tracing::info!(
                        keys = names,
                        "these keys of the identity provider are in force from now on"
                    );
                }
                return true;
            }
            Err(problem) => problem,
        };
        if told.as_ref() != Some(&problem) {
            if self.keys.load().is_some() {
                tracing::warn!(
                    problem,
                    "the keys of the identity provider can not be read; those that are known stay in force"
                );
            } else {
                tracing::warn!(
                    problem,
                    "the keys of the identity provider can not be read; nobody gets in with a token of it before they are"
                );
            }
            *told = Some(problem);
        }
        false
    }
}

fn state(file: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
