//! `healthcheck`: asks the server of this configuration how it is, for what starts it and has nothing else to ask with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;

use super::flags::Flags;
use crate::config::Config;

/// Ask the server of this configuration whether it lives; the exit code is 0 or 1
#[derive(Args, Debug)]
pub(super) struct HealthcheckArgs {
    /// Ask whether it has a catalog to answer machines from (/ready), rather than whether it lives (/health)
    #[arg(long)]
    ready: bool,
    /// Seconds to wait for the answer
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    #[command(flatten)]
    pub(super) flags: Flags,
}

/// What to ask of which server.
pub(super) struct Question {
    ready: bool,
    wait: Duration,
}

impl HealthcheckArgs {
    /// What is asked, and the flags that say whom.
    pub(super) fn split(self) -> (Question, Flags) {
        (Question { ready: self.ready, wait: Duration::from_secs(self.seconds) }, self.flags)
    }
}

/// Asks.
///
/// # Errors
/// Why it is not well, in one line.
pub(super) fn ask(config: &Config, question: &Question) -> Result<(), String> {
    let address = reachable(config.http.listen());
    let path = if question.ready { "ready" } else { "health" };
    let url = format!("http://{address}/{path}");
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(question.wait))
        .http_status_as_error(false)
        // The server is on this computer; a proxy of the environment is for others.
        .proxy(None)
        .build()
        .new_agent();
    let mut answer = agent.get(&url).call().map_err(|error| format!("{url}: {error}"))?;
    if answer.status().is_success() {
        return Ok(());
    }
    let said = answer.body_mut().read_to_string().unwrap_or_default();
    Err(format!("{url}: {}: {}", answer.status(), said.trim()))
}

/// Where this computer reaches what listens on an address: on every address is on loopback too.
fn reachable(listens: SocketAddr) -> SocketAddr {
    let ip = match listens.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listens.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_asked_on_loopback() {
        for (listens, asked) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.0.0.1:8080", "10.0.0.1:8080")]
        {
            assert_eq!(reachable(listens.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
