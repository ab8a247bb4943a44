//! A Postgres of its own for a test that stops, freezes or kills it.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::store::database::skip_without_postgres;

/// A cluster that waits for the disk, so that it keeps what it acknowledges whatever is done to it.
pub(super) struct Cluster {
    dir: TempDir,
    pub(super) url: String,
}

impl Cluster {
    /// None where there is no Postgres; then the test is skipped, and counted.
    pub(super) fn start(test: &str) -> Option<Self> {
        if skip_without_postgres(test) {
            return None;
        }
        // The user of Postgres must reach it.
        let dir = TempDir::new_in("/tmp").unwrap();
        let mut cluster = Self { dir, url: String::new() };
        cluster.url = cluster.start_again();
        Some(cluster)
    }

    /// On the same port as before.
    pub(super) fn start_again(&self) -> String {
        let url = self.script(&["start", "--durable"]).trim().to_owned();
        assert!(self.url.is_empty() || self.url == url, "{} became {url}", self.url);
        url
    }

    pub(super) fn stop(&self) {
        self.script(&["stop"]);
    }

    pub(super) fn crash(&self) {
        self.script(&["stop", "--immediate"]);
    }

    /// Sends a signal to the postmaster and all that it has started.
    pub(super) fn signal_all(&self, signal: &str) {
        let postmaster = self.postmaster();
        let mut all = vec![postmaster.clone()];
        all.extend(children(&postmaster));
        signal_each(signal, &all);
    }

    /// Sends a signal to every session, and to nothing else.
    pub(super) fn signal_sessions(&self, signal: &str) {
        let named = |pid: &String| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains("127.0.0.1(")
        };
        let sessions: Vec<String> = children(&self.postmaster()).into_iter().filter(named).collect();
        assert!(!sessions.is_empty(), "nobody is connected");
        signal_each(signal, &sessions);
    }

    fn postmaster(&self) -> String {
        let file = fs::read_to_string(self.dir.path().join("data/postmaster.pid")).unwrap();
        file.lines().next().unwrap().to_owned()
    }

    fn script(&self, arguments: &[&str]) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres");
        let output = Command::new(script).args(arguments).arg(self.dir.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Ok(file) = fs::read_to_string(self.dir.path().join("data/postmaster.pid")) {
            let postmaster = file.lines().next().unwrap_or_default().to_owned();
            let mut all = vec![postmaster.clone()];
            all.extend(children(&postmaster));
            signal_each("-KILL", &all);
        }
    }
}

fn children(parent: &str) -> Vec<String> {
    let output = Command::new("ps").args(["--ppid", parent, "-o", "pid="]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
}

/// Some may be gone by then.
fn signal_each(signal: &str, pids: &[String]) {
    Command::new("kill").arg(signal).args(pids).output().unwrap();
}
