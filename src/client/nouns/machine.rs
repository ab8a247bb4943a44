//! Machines: the registered computers.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::params;
use crate::client::api::Api;
use crate::client::cli::{Declare, PARAM_HELP, TargetArgs, WriteArgs};
use crate::client::document;
use crate::client::failure::Failure;
use crate::client::pairs;
use crate::client::print::{Record, Row, yaml};
use crate::client::resource::{Editable, Page, Resource, Write, Written};
use crate::domain::Noun;
use crate::proto::pxe_init as pb;

/// The document of a machine; `domain::Machine` says what the fields mean.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::client) struct Machine {
    name: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    macs: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    uuid: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    serial: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    hostname: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    params: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    image: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    templates: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "document::is_zero")]
    revision: u64,
}

/// Create a machine, or replace it as a whole
///
/// It is known by its MACs, its UUID or its serial number: it needs one of them, and no other machine may have the same.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client machine register web-1 --mac 52:54:00:12:34:56 --label rack=r12 --image fcos
  pxe-init-client machine register db-1 --uuid 4c4c4544-0042-3510-8052-b4c04f4d3532 \\
      --param 'disks=[\"/dev/sda\", \"/dev/sdb\"]' --param ssh_key=@id.pub")]
pub(in crate::client) struct RegisterMachine {
    #[command(flatten)]
    target: TargetArgs,
    /// MAC address of one of its interfaces, in any spelling; repeat for several
    #[arg(long = "mac", value_name = "MAC", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "file")]
    macs: Vec<String>,
    /// SMBIOS system UUID
    #[arg(long, value_name = "UUID", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "file")]
    uuid: Option<String>,
    /// SMBIOS serial number
    #[arg(long, value_name = "SERIAL", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "file")]
    serial: Option<String>,
    /// Host name that its documents give it
    #[arg(long, value_name = "HOSTNAME", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "file")]
    hostname: Option<String>,
    /// Label, which rules can ask for as label.KEY; repeat for several
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = pairs::text, conflicts_with = "file")]
    labels: Vec<(String, String)>,
    #[arg(long = "param", value_name = "KEY=VALUE", help = PARAM_HELP, value_parser = pairs::param, conflicts_with = "file")]
    params: Vec<(String, Value)>,
    /// Image that it boots, whatever the rules say; without it the rules decide
    #[arg(long, value_name = "IMAGE", value_parser = NonEmptyStringValueParser::new(), conflicts_with = "file")]
    image: Option<String>,
    /// Template that renders one kind of document, such as ipxe=coreos, and wins over that of its rule and image; repeat
    /// for several kinds
    #[arg(long = "template", value_name = "KIND=TEMPLATE", value_parser = pairs::template, conflicts_with = "file")]
    templates: Vec<(String, String)>,
    #[command(flatten)]
    write: WriteArgs,
}

impl Declare for RegisterMachine {
    type Resource = Machine;
    const FIELDS: &'static [&'static str] =
        &["name", "macs", "uuid", "serial", "hostname", "labels", "params", "image", "templates"];

    fn target(&self) -> &TargetArgs {
        &self.target
    }

    fn write(&self) -> &WriteArgs {
        &self.write
    }

    fn declare(self, name: String) -> Result<Machine, Failure> {
        Ok(Machine {
            name,
            macs: self.macs,
            uuid: self.uuid.unwrap_or_default(),
            serial: self.serial.unwrap_or_default(),
            hostname: self.hostname.unwrap_or_default(),
            labels: pairs::collect("--label", self.labels)?,
            params: pairs::collect("--param", self.params)?,
            image: self.image.unwrap_or_default(),
            templates: pairs::collect("--template", self.templates)?,
            revision: 0,
        })
    }
}

impl Record for Machine {
    fn id(&self) -> String {
        format!("machine/{}", self.name)
    }
}

impl Row for Machine {
    const COLUMNS: &'static [&'static str] = &["NAME", "MACS", "HOSTNAME", "IMAGE"];
    const WIDE: &'static [&'static str] = &["UUID", "SERIAL", "LABELS", "TEMPLATES", "PARAMS", "REVISION"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.macs.join(","),
            self.hostname.clone(),
            self.image.clone(),
            self.uuid.clone(),
            self.serial.clone(),
            params::cell(&self.labels),
            params::cell(&self.templates),
            params::cell(&self.params),
            self.revision.to_string(),
        ]
    }
}

impl Resource for Machine {
    const NOUN: Noun = Noun::Machine;

    fn name(&self) -> &str {
        &self.name
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    async fn list(api: &Api, options: pb::ListOptions) -> Result<Page<Self>, Failure> {
        let request = pb::ListMachinesRequest { options: Some(options) };
        let answer = api.machines().list_machines(request).await?.into_inner();
        let rows = answer.machines.into_iter().map(Self::from).collect();
        Ok(Page { rows, next: answer.next_page_token, total: answer.total })
    }

    async fn get(api: &Api, name: &str) -> Result<Self, Failure> {
        let request = pb::GetMachineRequest { name: name.to_owned() };
        let answer = api.machines().get_machine(request).await?.into_inner();
        Ok(answer.machine.unwrap_or_default().into())
    }

    async fn register(self, api: &Api, write: &Write) -> Result<Written, Failure> {
        let Write { base_revision, dry_run, message, force } = write.clone();
        let request =
            pb::RegisterMachineRequest { machine: Some(self.into()), base_revision, dry_run, message, force };
        Ok(api.machines().register_machine(request).await?.into_inner().result.into())
    }

    async fn update(self, api: &Api, write: &Write) -> Result<Written, Failure> {
        let Write { base_revision, dry_run, message, force } = write.clone();
        let request =
            pb::UpdateMachineRequest { machine: Some(self.into()), base_revision, dry_run, message, force };
        Ok(api.machines().update_machine(request).await?.into_inner().result.into())
    }

    async fn delete(api: &Api, name: &str, write: &Write) -> Result<Written, Failure> {
        let Write { base_revision, dry_run, message, force } = write.clone();
        let request =
            pb::DeleteMachineRequest { name: name.to_owned(), base_revision, dry_run, message, force };
        Ok(api.machines().delete_machine(request).await?.into_inner().result.into())
    }
}

impl Editable for Machine {
    fn text(&self) -> Result<String, Failure> {
        yaml(&Self { revision: 0, ..self.clone() })
    }

    fn suffix(&self) -> &str {
        ".yaml"
    }

    fn advice(&self) -> Option<String> {
        Some(format!("Fields: {}.", RegisterMachine::FIELDS.join(", ")))
    }

    fn edited(&self, text: &str) -> Result<Self, Failure> {
        document::parse(text, Path::new("the edited text"))
    }
}

impl From<pb::Machine> for Machine {
    fn from(machine: pb::Machine) -> Self {
        let pb::Machine { name, macs, uuid, serial, hostname, labels, params, image, templates, revision } =
            machine;
        Self {
            name,
            macs,
            uuid,
            serial,
            hostname,
            labels,
            params: params::from_proto(params),
            image,
            templates,
            revision,
        }
    }
}

impl From<Machine> for pb::Machine {
    fn from(machine: Machine) -> Self {
        let Machine { name, macs, uuid, serial, hostname, labels, params, image, templates, revision } =
            machine;
        Self {
            name,
            macs,
            uuid,
            serial,
            hostname,
            labels,
            params: params::to_proto(params),
            image,
            templates,
            revision,
        }
    }
}
