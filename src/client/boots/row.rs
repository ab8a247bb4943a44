//! How a boot is printed.

use std::io::{self, Write as _};

use serde::Serialize;
use serde::ser::Serializer;

use crate::client::failure::Failure;
use crate::client::print::{Record, Row};
use crate::proto::pxe_init as pb;

/// One answer to a machine.
pub(super) struct Boot(pub(super) pb::Boot);

/// The same in the formats for scripts: what there is not is left out.
#[derive(Serialize)]
struct Fields<'a> {
    id: &'a str,
    time: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    machine: &'a str,
    kind: &'a str,
    outcome: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    rule: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    image: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    template: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    incident: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    problem: &'a str,
    revision: u64,
    sha256: &'a str,
    bytes: u64,
    micros: u64,
    client: &'a str,
    facts: &'a std::collections::BTreeMap<String, String>,
    base_url: &'a str,
    replica: &'a str,
    program: &'a str,
    settings: &'a str,
}

impl Boot {
    fn fields(&self) -> Fields<'_> {
        let boot = &self.0;
        Fields {
            id: &boot.id,
            time: time(boot.at_ms),
            machine: &boot.machine,
            kind: &boot.kind,
            outcome: &boot.outcome,
            rule: &boot.rule,
            image: &boot.image,
            template: &boot.template,
            incident: &boot.incident,
            problem: &boot.problem,
            revision: boot.revision,
            sha256: &boot.sha256,
            bytes: boot.bytes,
            micros: boot.micros,
            client: &boot.client,
            facts: &boot.facts,
            base_url: &boot.base_url,
            replica: &boot.replica,
            program: &boot.program,
            settings: &boot.settings,
        }
    }

    /// Who asked, as far as it said.
    fn identity(&self) -> String {
        let facts = &self.0.facts;
        ["mac", "uuid", "serial"].iter().find_map(|key| facts.get(*key)).cloned().unwrap_or_default()
    }
}

impl Serialize for Boot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields().serialize(serializer)
    }
}

impl Record for Boot {
    fn id(&self) -> String {
        format!("boot/{}", self.0.id)
    }
}

impl Row for Boot {
    const COLUMNS: &'static [&'static str] =
        &["ID", "TIME", "MACHINE", "IDENTITY", "KIND", "OUTCOME", "TEMPLATE"];
    const WIDE: &'static [&'static str] =
        &["RULE", "IMAGE", "CLIENT", "REVISION", "BYTES", "MICROS", "REPLICA", "INCIDENT", "PROBLEM"];

    fn cells(&self) -> Vec<String> {
        let boot = &self.0;
        vec![
            boot.id.clone(),
            time(boot.at_ms),
            boot.machine.clone(),
            self.identity(),
            boot.kind.clone(),
            boot.outcome.clone(),
            boot.template.clone(),
            boot.rule.clone(),
            boot.image.clone(),
            boot.client.clone(),
            boot.revision.to_string(),
            boot.bytes.to_string(),
            boot.micros.to_string(),
            boot.replica.clone(),
            boot.incident.clone(),
            boot.problem.clone(),
        ]
    }
}

/// Prints all of a boot for people, a line each.
pub(super) fn tell(boot: &Boot) -> Result<(), Failure> {
    let value = serde_json::to_value(boot).unwrap_or_default();
    let mut text = String::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        match value {
            serde_json::Value::Object(facts) => {
                for (fact, value) in facts {
                    text += &line(&format!("{key}.{fact}"), value);
                }
            }
            value => text += &line(key, value),
        }
    }
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

fn line(key: &str, value: &serde_json::Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    // A machine says what it likes, and a terminal must not obey it.
    let text: String = text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    format!("{key:<18} {}\n", text.replace('\n', &format!("\n{:<18} ", "")))
}

/// A point in time in UTC.
pub(in crate::client) fn time(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .map_or_else(|_| at_ms.to_string(), |time| time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}
