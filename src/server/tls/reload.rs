//! Certificates that change while the server runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::files::TlsError;
use super::settings::Files;
use crate::service::Clock;

/// How often to look whether a file changed.
const POLL: Duration = Duration::from_secs(1);

/// What new connections are given. Those that are open keep what they have.
pub(in crate::server) struct Certificates {
    files: Files,
    clock: Clock,
    current: ArcSwap<ServerConfig>,
}

/// What tells one state of a file from another, without reading it.
type State = Vec<(PathBuf, Option<(SystemTime, u64)>)>;

impl Certificates {
    /// Loads them.
    pub(in crate::server) fn load(files: Files, clock: Clock) -> Result<Arc<Self>, TlsError> {
        let current = ArcSwap::from_pointee(files.load(clock())?);
        Ok(Arc::new(Self { files, clock, current }))
    }

    /// For the next connection.
    pub(in crate::server) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }

    /// Loads them anew whenever a file changes, until `stop`. What can not be used leaves what there is in force.
    pub(in crate::server) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        let mut known = self.state();
        // Files are written one after the other: a key without its certificate is not told before it stays so.
        let mut wrong: Option<(State, String)> = None;
        while stop.run_until_cancelled(tokio::time::sleep(POLL)).await.is_some() {
            let state = self.state();
            if state == known {
                continue;
            }
            match self.files.load((self.clock)()) {
                Ok(config) => {
                    self.current.store(Arc::new(config));
                    (known, wrong) = (state, None);
                    tracing::info!("the certificate is a new one from now on");
                }
                Err(error) => {
                    let problem = error.to_string();
                    match &wrong {
                        Some((seen, told)) if *seen == state && *told == problem => {
                            tracing::error!(
                                problem,
                                "the new certificate can not be used; the one before stays in force"
                            );
                            known = state;
                        }
                        _ => wrong = Some((state, problem)),
                    }
                }
            }
        }
    }

    fn state(&self) -> State {
        let state = |path: &std::path::Path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        self.files.paths().map(|path| (path.to_owned(), state(path))).collect()
    }
}
