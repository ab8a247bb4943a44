//! `machine discovered`: machines that asked and are not registered.

use clap::Args;
use serde::Serialize;

use super::api::Api;
use super::boots::time;
use super::failure::{Exit, Failure};
use super::print::{Printer, Record, Row};
use super::session::Session;
use crate::proto::pxe_init as pb;

/// List machines that asked and are not registered, those that asked last first
///
/// `machine register NAME --discovered MAC` registers one; then it is no longer listed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client machine discovered
  pxe-init-client machine register web-7 --discovered 52:54:00:12:34:56 --image fcos")]
pub(super) struct DiscoveredArgs {
    /// Stop after this many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

#[derive(Serialize)]
struct Discovered {
    #[serde(skip_serializing_if = "String::is_empty")]
    mac: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    uuid: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    serial: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    manufacturer: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    product: String,
    client: String,
    first: String,
    last: String,
    count: u64,
    kind: String,
    outcome: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    rule: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    template: String,
}

/// Lists them.
pub(super) async fn list(session: &Session, args: DiscoveredArgs) -> Result<Exit, Failure> {
    let request =
        pb::ListDiscoveredRequest { limit: args.limit.unwrap_or_default(), identity: String::new() };
    let answer = session.api.journal().list_discovered(request).await?.into_inner();
    let rows: Vec<_> = answer.machines.into_iter().map(Discovered::from).collect();
    let mut printer = Printer::new(session.output);
    printer.page(&rows)?;
    printer.finish()?;
    if !answer.memory_only.is_empty() {
        session.say(format_args!("warning: only what this server has in memory: {}", answer.memory_only));
    }
    if rows.is_empty() {
        session.say("no machine asked that is not registered");
    }
    Ok(Exit::Ok)
}

/// The one that said this MAC, UUID or serial number.
pub(super) async fn find(api: &Api, identity: &str) -> Result<pb::Discovered, Failure> {
    let request = pb::ListDiscoveredRequest { limit: 2, identity: identity.to_owned() };
    let mut found = api.journal().list_discovered(request).await?.into_inner().machines;
    let hint = "`machine discovered` lists those that asked and are not registered";
    match (found.pop(), found.pop()) {
        (Some(one), None) => Ok(one),
        (None, _) => {
            let problem = format!("no machine that is not registered said that it is {identity}");
            Err(Failure::new(Exit::NotFound, problem).hint(hint))
        }
        (Some(one), Some(other)) => {
            let problem = format!("{identity} was said with the MAC {} and with {}", one.mac, other.mac);
            Err(Failure::new(Exit::Refused, problem).hint("give the MAC of the one that you mean"))
        }
    }
}

impl From<pb::Discovered> for Discovered {
    fn from(found: pb::Discovered) -> Self {
        Self {
            mac: found.mac,
            uuid: found.uuid,
            serial: found.serial,
            manufacturer: found.manufacturer,
            product: found.product,
            client: found.client,
            first: time(found.first_ms),
            last: time(found.last_ms),
            count: found.count,
            kind: found.kind,
            outcome: found.outcome,
            rule: found.rule,
            template: found.template,
        }
    }
}

impl Record for Discovered {
    fn id(&self) -> String {
        let identity =
            [&self.mac, &self.uuid, &self.serial].into_iter().find(|identity| !identity.is_empty());
        format!("discovered/{}", identity.map_or("", String::as_str))
    }
}

impl Row for Discovered {
    const COLUMNS: &'static [&'static str] =
        &["MAC", "SERIAL", "PRODUCT", "CLIENT", "LAST", "COUNT", "KIND", "OUTCOME"];
    const WIDE: &'static [&'static str] = &["UUID", "MANUFACTURER", "FIRST", "RULE", "TEMPLATE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.mac.clone(),
            self.serial.clone(),
            self.product.clone(),
            self.client.clone(),
            self.last.clone(),
            self.count.to_string(),
            self.kind.clone(),
            self.outcome.clone(),
            self.uuid.clone(),
            self.manufacturer.clone(),
            self.first.clone(),
            self.rule.clone(),
            self.template.clone(),
        ]
    }
}
