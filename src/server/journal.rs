//! The journal as it is configured.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::domain::Replica;
use crate::service::{Journal, JournalSettings, Settings};
use crate::telemetry::Metrics;

/// Where Linux tells the name of the host.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// The journal, where one is to be kept. `chance` tells its records from those of other servers.
pub(super) fn journal(
    config: &Config,
    settings: &Settings,
    http_port: u16,
    chance: f64,
    metrics: Arc<Metrics>,
) -> Option<Journal> {
    let journal = &config.journal;
    let replica = Replica {
        name: if journal.replica.is_empty() { own_name(http_port) } else { journal.replica.clone() },
        program: settings.program(),
        settings: settings.fingerprint(),
    };
    let kept = JournalSettings {
        recent: journal.recent,
        waiting: journal.waiting,
        keep: Duration::from_secs(u64::from(journal.keep_days) * 24 * 3600),
        max_rows: journal.max_rows,
        discovered: journal.discovered,
    };
    journal.enabled.then(|| Journal::new(kept, replica, chance, metrics))
}

/// `HOST:PORT`: one host may run several servers.
fn own_name(port: u16) -> String {
    let host = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
    let host: String = host.trim().chars().filter(char::is_ascii_graphic).take(90).collect();
    format!("{}:{port}", if host.is_empty() { "localhost" } else { &host })
}
