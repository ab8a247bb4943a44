//! The sections but for the database. `config/default.toml` says what each key means.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::choice::choice;
use super::management::Tls;
use super::{ConfigError, wrong};

/// What machines talk to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The address to listen on.
    pub address: IpAddr,
    /// The port to listen on; 0 for any that is free.
    pub port: u16,
    /// The base of the URLs in documents; empty for what the request names.
    pub base_url: String,
    /// Open connections of machines; 0 for what the limit of file descriptors allows.
    pub max_connections: usize,
    /// Requests that are worked on at once.
    pub max_requests: usize,
    /// Connections that wait to be accepted.
    pub backlog: u16,
    /// How long a connection may wait for its first turn, in milliseconds.
    pub queue_milliseconds: u32,
    /// How long a request may take to arrive, in seconds.
    pub request_seconds: u32,
    /// How long a connection may be kept for the next request, in seconds.
    pub idle_seconds: u32,
    /// How long a client may read nothing of its answer, in seconds.
    pub stall_seconds: u32,
    /// How long machines are answered after the end was asked for, in seconds.
    pub drain_seconds: u32,
    /// How long accepted requests may take after that, in seconds.
    pub stop_seconds: u32,
    /// Networks whose word counts on where a request came from.
    pub trusted_proxies: Vec<String>,
    /// Let another server of the same user listen on the same port.
    pub reuse_port: bool,
}

/// What operators talk to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grpc {
    /// The address to listen on.
    pub address: IpAddr,
    /// The port to listen on; 0 for any that is free.
    pub port: u16,
    /// Serve anybody who reaches the address, as an admin.
    pub insecure_management: bool,
    /// TLS; needed where the address is not loopback.
    pub tls: Tls,
}

/// What stands in for the database at a start.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The file; empty for none.
    pub file: PathBuf,
}

/// Where image files are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assets {
    /// A directory to serve; empty for none.
    pub dir: PathBuf,
    /// The base of relative image paths where no directory is served; empty for none.
    pub forward_server: String,
}

/// What machines get in doubt.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// When nothing matches.
    pub unknown: Unknown,
    /// When their script can not be rendered.
    pub failure: Failure,
    /// How long they wait before they ask again, in seconds, 1 to 3600.
    pub hold_seconds: u32,
}

choice! {
    /// What a machine gets that nothing matches.
    Unknown {
        /// A script that shows who it is and asks again.
        Hold = "hold",
        /// Status 404.
        NotFound = "404",
    }
}

choice! {
    /// What a machine gets whose script can not be rendered.
    Failure {
        /// A script that shows the incident and asks again.
        Script = "script",
        /// Status 500.
        Status = "500",
    }
}

/// What rendering may cost.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Instructions of the template engine.
    pub fuel: u64,
    /// Nested includes and macro calls.
    pub recursion: usize,
    /// Bytes of output.
    pub output_bytes: usize,
    /// Milliseconds.
    pub milliseconds: u64,
}

/// What is kept of the answers to machines.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// Whether anything is.
    pub enabled: bool,
    /// The name of this server; empty for its host and port.
    pub replica: String,
    /// The newest records that are kept in memory.
    pub recent: usize,
    /// Records that may wait for the database.
    pub waiting: usize,
    /// Days for which the database keeps records.
    pub keep_days: u32,
    /// The most records that the database keeps.
    pub max_rows: u64,
    /// The most machines that are listed as discovered.
    pub discovered: usize,
}

/// What is logged, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// For whom.
    pub format: LogFormat,
    /// A level or directives.
    pub filter: String,
}

choice! {
    /// For whom the log is.
    LogFormat {
        /// For people.
        Text = "text",
        /// For machines: a JSON object a line.
        Json = "json",
    }
}

/// Where traces go.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    /// The collector; empty for none.
    pub endpoint: String,
    /// The part of the traces that begin here which is kept.
    pub sample: f64,
    /// What the collector knows this server as.
    pub service: String,
    /// Which of several it is; empty for the name of the computer.
    pub replica: String,
}

impl Http {
    /// Where to listen.
    pub fn listen(&self) -> SocketAddr {
        (self.address, self.port).into()
    }

    /// How long machines are answered after the end was asked for.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain_seconds.into())
    }

    /// How long accepted requests may take after that.
    pub fn grace(&self) -> Duration {
        Duration::from_secs(self.stop_seconds.into())
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let connections = match self.max_connections {
            0 => 1,
            given => given as u64,
        };
        check_ranges(&[
            ("http.max_connections", connections, 1, 1_000_000),
            ("http.max_requests", self.max_requests as u64, 1, 1_000_000),
            ("http.backlog", self.backlog.into(), 1, u16::MAX.into()),
            ("http.queue_milliseconds", self.queue_milliseconds.into(), 10, 60_000),
            ("http.request_seconds", self.request_seconds.into(), 1, 3_600),
            ("http.idle_seconds", self.idle_seconds.into(), 1, 3_600),
            ("http.stall_seconds", self.stall_seconds.into(), 1, 3_600),
            ("http.drain_seconds", self.drain_seconds.into(), 0, 3_600),
            ("http.stop_seconds", self.stop_seconds.into(), 1, 3_600),
        ])?;
        check_base("http.base_url", &self.base_url)
    }
}

impl Grpc {
    /// Where to listen.
    pub fn listen(&self) -> SocketAddr {
        (self.address, self.port).into()
    }

    /// Whether others than this computer can reach it.
    pub fn is_open(&self) -> bool {
        !self.address.is_loopback()
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.tls.check()?;
        if self.is_open() && !self.insecure_management && !self.tls.is_on() {
            return Err(wrong(
                "grpc.address",
                format!(
                    "{} is not loopback, and there is no TLS: set grpc.tls.cert and grpc.tls.key (`pxe-init-server certs \
                     init` makes them; docs/security.md), or use 127.0.0.1, or let whoever reaches it decide what every \
                     machine boots, with --insecure-management",
                    self.address
                ),
            ));
        }
        Ok(())
    }
}

impl Assets {
    /// The directory to serve.
    pub fn dir(&self) -> Option<&Path> {
        (!self.dir.as_os_str().is_empty()).then_some(self.dir.as_path())
    }

    /// The base of relative image paths where no directory is served, without a slash at the end. The first system took
    /// a host without a scheme, so this does too.
    pub fn forward_server(&self) -> Option<String> {
        match self.forward_server.trim_end_matches('/') {
            "" => None,
            url if url.contains("://") => Some(url.to_owned()),
            host => Some(format!("http://{host}")),
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if let Some(dir) = self.dir().filter(|dir| !dir.is_dir()) {
            return Err(wrong("assets.dir", format!("{} is no directory that can be read", dir.display())));
        }
        check_base("assets.forward_server", &self.forward_server().unwrap_or_default())
    }
}

impl Boot {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match self.hold_seconds {
            1..=3600 => Ok(()),
            other => Err(wrong("boot.hold_seconds", format!("{other} is not between 1 and 3600"))),
        }
    }
}

impl Limits {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        check_ranges(&[
            ("limits.fuel", self.fuel, 1_000, 1_000_000_000),
            ("limits.recursion", self.recursion as u64, 10, 200),
            ("limits.output_bytes", self.output_bytes as u64, 1_024, 64 << 20),
            ("limits.milliseconds", self.milliseconds, 10, 2_000),
        ])
    }
}

impl Journal {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.replica.len() > 100 || self.replica.chars().any(|c| c.is_control() || c.is_whitespace()) {
            let problem =
                format!("{:?} is no name of a server; use up to 100 characters without spaces", self.replica);
            return Err(wrong("journal.replica", problem));
        }
        let ranges = [
            ("journal.recent", self.recent as u64, 1, 1_000_000),
            ("journal.waiting", self.waiting as u64, 1, 10_000_000),
            ("journal.keep_days", self.keep_days.into(), 1, 36_500),
            ("journal.max_rows", self.max_rows, 1, 1_000_000_000),
            ("journal.discovered", self.discovered as u64, 1, 100_000),
        ];
        check_ranges(&ranges)
    }
}

/// Refuses the first number that is out of its range.
fn check_ranges(ranges: &[(&'static str, u64, u64, u64)]) -> Result<(), ConfigError> {
    match ranges.iter().find(|(_, value, least, most)| !(*least..=*most).contains(value)) {
        None => Ok(()),
        Some((key, value, least, most)) => {
            Err(wrong(key, format!("{value} is not between {least} and {most}")))
        }
    }
}

impl Traces {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.endpoint.starts_with("https://") {
            return Err(wrong(
                "traces.endpoint",
                "is https, which is not spoken; give the collector of this computer or of this network, such as \
                 http://localhost:4317, which can pass them on",
            ));
        }
        check_base("traces.endpoint", &self.endpoint)?;
        if !(0.0..=1.0).contains(&self.sample) {
            return Err(wrong("traces.sample", format!("{} is not between 0 and 1", self.sample)));
        }
        if self.service.is_empty() {
            return Err(wrong("traces.service", "is empty; the default is pxe-init"));
        }
        Ok(())
    }
}

/// Refuses what can not stand before `/path` in a URL that iPXE reads.
fn check_base(key: &'static str, url: &str) -> Result<(), ConfigError> {
    if url.is_empty() {
        return Ok(());
    }
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    match host {
        Some(host)
            if !host.is_empty()
                && !host.starts_with(['/', ':'])
                && !url.contains(|c: char| c.is_whitespace() || c.is_control() || "?#\"'${}".contains(c)) =>
        {
            Ok(())
        }
        _ => Err(wrong(key, format!("{url:?} is no base URL; write it like http://boot.example.org:8080"))),
    }
}
