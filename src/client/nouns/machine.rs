//! Machines: the registered computers.

mod state;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::convert;
use crate::client::api::Api;
use crate::client::cli::{Declare, PARAM_HELP, TargetArgs, Verb, WriteArgs};
use crate::client::discovered::{self, DiscoveredArgs};
use crate::client::failure::{Exit, Failure};
use crate::client::pairs;
use crate::client::print::Row;
use crate::client::resource::{Page, Resource, Write, Written};
use crate::client::session::Session;
use crate::client::stored::{Plain, Stored};
use crate::client::verbs;
use crate::domain::{self, Name, Noun};
use crate::manifest;
use crate::proto::pxe_init as pb;

use state::{AcceptArgs, ArmArgs};

/// A machine of the server.
pub(in crate::client) type Machine = Stored<domain::Machine>;

/// What can be done with machines.
#[derive(Debug, Subcommand)]
pub(in crate::client) enum MachineVerb {
    #[command(flatten)]
    Common(Box<Verb<RegisterMachine>>),
    Discovered(DiscoveredArgs),
    Accept(AcceptArgs),
    Arm(ArmArgs),
}

/// Create a machine, or replace it as a whole
///
/// It is known by its MACs, its UUID or its serial number: it needs one of them, and no other machine may have the same.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client machine register web-1 --mac 52:54:00:12:34:56 --label rack=r12 --image fcos
  pxe-init-client machine register db-1 --uuid 4c4c4544-0042-3510-8052-b4c04f4d3532 \\
      --param 'disks=[\"/dev/sda\", \"/dev/sdb\"]' --param ssh_key=@id.pub
  pxe-init-client machine register web-2 --discovered 52:54:00:12:34:57 --image fcos")]
pub(in crate::client) struct RegisterMachine {
    #[command(flatten)]
    target: TargetArgs,
    /// Take MAC, UUID and serial number from the machine that asked with this one of them, as `machine discovered` lists it
    #[arg(long, value_name = "IDENTITY", value_parser = NonEmptyStringValueParser::new(), conflicts_with_all = ["file", "macs", "uuid", "serial"])]
    discovered: Option<String>,
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

/// Runs a verb.
pub(in crate::client) async fn run(session: &mut Session, verb: MachineVerb) -> Result<Exit, Failure> {
    let verb = match verb {
        MachineVerb::Discovered(args) => return discovered::list(session, args).await,
        MachineVerb::Accept(args) => return state::accept(session, args).await,
        MachineVerb::Arm(args) => return state::arm(session, args).await,
        MachineVerb::Common(verb) => *verb,
    };
    let verb = match verb {
        Verb::Register(args) => Verb::Register(args.identified(session).await?),
        other => other,
    };
    verbs::run(session, verb).await
}

impl RegisterMachine {
    /// The same with the identities of the machine that asked, where one is named.
    async fn identified(self, session: &Session) -> Result<Self, Failure> {
        let Some(identity) = &self.discovered else { return Ok(self) };
        let pb::Discovered { mac, uuid, serial, .. } = discovered::find(&session.api, identity).await?;
        let macs = convert::some(mac).into_iter().collect();
        Ok(Self { macs, uuid: convert::some(uuid), serial: convert::some(serial), ..self })
    }
}

impl Declare for RegisterMachine {
    type Resource = Machine;

    fn target(&self) -> &TargetArgs {
        &self.target
    }

    fn write(&self) -> &WriteArgs {
        &self.write
    }

    fn declare(self, name: String) -> Result<Machine, Failure> {
        Machine::declared([
            ("name", name.into()),
            ("macs", self.macs.into()),
            ("uuid", self.uuid.into()),
            ("serial", self.serial.into()),
            ("hostname", self.hostname.into()),
            ("labels", json!(pairs::collect("--label", self.labels)?)),
            ("params", json!(pairs::collect("--param", self.params)?)),
            ("image", self.image.into()),
            ("templates", json!(pairs::collect("--template", self.templates)?)),
        ])
    }
}

impl Plain for domain::Machine {
    const NOUN: Noun = Noun::Machine;
    const FIELDS: &'static [&'static str] =
        &["name", "macs", "uuid", "serial", "hostname", "labels", "params", "image", "templates"];

    fn name(&self) -> &Name {
        &self.name
    }

    fn of(resource: manifest::Resource) -> Option<Self> {
        match resource {
            manifest::Resource::Machine(machine) => Some(machine),
            _ => None,
        }
    }
}

impl Row for Machine {
    const COLUMNS: &'static [&'static str] = &["NAME", "MACS", "HOSTNAME", "IMAGE"];
    const WIDE: &'static [&'static str] = &["UUID", "SERIAL", "LABELS", "TEMPLATES", "PARAMS", "REVISION"];

    fn cells(&self) -> Vec<String> {
        let machine = &self.value;
        vec![
            machine.name.to_string(),
            machine.macs.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
            convert::text(machine.hostname.as_ref()),
            convert::text(machine.image.as_ref()),
            convert::text(machine.uuid),
            convert::text(machine.serial.as_ref()),
            convert::cell(&machine.labels),
            convert::cell(&machine.templates),
            convert::cell(&machine.params),
            self.revision.to_string(),
        ]
    }
}

impl Resource for Machine {
    const NOUN: Noun = Noun::Machine;

    fn name(&self) -> &str {
        self.value.name.as_str()
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    async fn list(api: &Api, options: pb::ListOptions) -> Result<Page<Self>, Failure> {
        let request = pb::ListMachinesRequest { options: Some(options) };
        let answer = api.machines().list_machines(request).await?.into_inner();
        let rows = answer.machines.into_iter().map(Self::try_from).collect::<Result<_, _>>()?;
        Ok(Page { rows, next: answer.next_page_token, total: answer.total })
    }

    async fn get(api: &Api, name: &str) -> Result<Self, Failure> {
        let request = pb::GetMachineRequest { name: name.to_owned() };
        let answer = api.machines().get_machine(request).await?.into_inner();
        answer.machine.unwrap_or_default().try_into()
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

impl TryFrom<pb::Machine> for Machine {
    type Error = Failure;

    fn try_from(machine: pb::Machine) -> Result<Self, Failure> {
        let pb::Machine { name, macs, uuid, serial, hostname, labels, params, image, templates, revision } =
            machine;
        let machine = domain::Machine {
            name: convert::parse(&name)?,
            macs: macs.iter().map(|mac| convert::parse(mac)).collect::<Result<_, _>>()?,
            uuid: convert::optional(&uuid)?,
            serial: convert::some(serial),
            hostname: convert::some(hostname),
            labels,
            params: convert::params(params),
            image: convert::optional(&image)?,
            templates: convert::templates(templates)?,
        };
        Ok(Self::new(machine, revision))
    }
}

impl From<Machine> for pb::Machine {
    fn from(machine: Machine) -> Self {
        let Machine { value, revision, .. } = machine;
        let domain::Machine { name, macs, uuid, serial, hostname, labels, params, image, templates } = value;
        Self {
            name: name.into(),
            macs: macs.iter().map(ToString::to_string).collect(),
            uuid: convert::text(uuid),
            serial: convert::text(serial),
            hostname: convert::text(hostname),
            labels,
            params: convert::params_text(params),
            image: convert::text(image),
            templates: convert::templates_text(templates),
            revision,
        }
    }
}
