//! What connections of machines may take.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// File descriptors for everything but connections of machines: the database, operators, files, the log.
const OTHER_FILES: u64 = 256;

/// The most connections unless the configuration says more: one that is idle keeps some 10 KiB.
const MOST: u64 = 32_768;

/// Where the number of file descriptors is not limited.
const UNLIMITED: u64 = 1 << 20;

/// How much, and how long.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Connections that are served.
    pub(super) connections: usize,
    /// Connections beyond those whose request is read only to refuse it.
    pub(super) lobby: usize,
    /// Requests worked on at once.
    pub(super) requests: usize,
    /// Between being accepted and the first turn.
    pub(super) queue: Duration,
    /// From the first byte of a request, or from the beginning of the connection, to the end of its head.
    pub(super) request: Duration,
    /// Between an answer and the next request.
    pub(super) idle: Duration,
    /// Without a client reading any of its answer.
    pub(super) stall: Duration,
}

impl Limits {
    /// What the configuration says, and where it leaves it open, what the limit of file descriptors allows. That limit is
    /// raised as far as this process may.
    pub(crate) fn new(config: &Config) -> Self {
        let files = raise_files();
        let usable = files.saturating_sub(OTHER_FILES).max(32);
        let lobby = (usable / 16).clamp(16, 1_024);
        // A machine that loads a file takes a descriptor for that too.
        let each = if config.assets.dir().is_some() { 2 } else { 1 };
        let allowed = ((usable - lobby) / each).max(16);
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let http = &config.http;
        let connections = match http.max_connections {
            0 => allowed.min(MOST),
            given => given as u64,
        };
        if connections > allowed {
            tracing::warn!(
                connections,
                files,
                "http.max_connections is more than the limit of file descriptors allows, which is {allowed}; raise the \
                 limit (LimitNOFILE= of systemd, ulimit -n)"
            );
        }
        Self {
            connections: usize::try_from(connections).unwrap_or(usize::MAX),
            lobby: usize::try_from(lobby).unwrap_or(usize::MAX),
            requests: http.max_requests,
            queue: Duration::from_millis(http.queue_milliseconds.into()),
            request: seconds(http.request_seconds),
            idle: seconds(http.idle_seconds),
            stall: seconds(http.stall_seconds),
        }
    }
}

/// Raises the soft limit of file descriptors to the hard one, and says what it is then. The soft one is low for the sake
/// of programs that use select(2).
fn raise_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, limit = limit.current, "the limit of file descriptors can not be raised");
        }
    }
    getrlimit(Resource::Nofile).current.unwrap_or(UNLIMITED)
}
