//! `preview`: the documents that machines would get.

mod fleet;

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde::Serialize;
use similar::TextDiff;

use super::document::read_file;
use super::failure::{Exit, Failure};
use super::pairs;
use super::print::{self, Record, Records};
use super::session::Session;
use crate::domain::Kind;
use crate::proto::pxe_init::{PreviewFleetRequest, PreviewRequest, PreviewResponse, Target};

/// What `--kind` takes beside the kinds.
const ALL: &str = "all";

/// The outcome of a document that is the machine's own.
const RENDERED: &str = "rendered";

/// Whose boot is asked about.
#[derive(Debug, Args)]
pub(super) struct TargetArgs {
    /// Name of a registered machine; without it, the facts alone count
    machine: Option<String>,
    /// MAC address that the machine would report, in any spelling; wins over the registered one
    #[arg(long, value_name = "MAC")]
    mac: Option<String>,
    /// SMBIOS UUID that the machine would report
    #[arg(long, value_name = "UUID")]
    uuid: Option<String>,
    /// Another fact that it would report: serial, asset, hostname, domain, manufacturer, product, arch, platform or ip;
    /// repeat for several
    #[arg(long = "fact", value_name = "KEY=VALUE", value_parser = pairs::text)]
    facts: Vec<(String, String)>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
The document goes to standard output; the outcome, the template and warnings to standard error.
Exit code 0 means that the machine gets a document of its own (outcome rendered), 3 that it does not.

Examples:
  pxe-init-client preview web-1
  pxe-init-client preview web-1 --kind all
  pxe-init-client preview --mac 52:54:00:12:34:56 --fact arch=arm64
  pxe-init-client preview web-1 --template-file new.ipxe.j2 --diff
  pxe-init-client preview --output-dir fleet --filter 'label.rack=r1*'")]
pub(super) struct PreviewArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Kind of document; all for each that the machine has a template of [default: ipxe]
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(kinds()))]
    kind: Option<String>,
    /// Render the Jinja source in this file in the place of the chosen template; - for standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    template_file: Option<PathBuf>,
    /// Show how the document of --template-file differs from what the machine gets now, as a unified diff
    #[arg(long, requires = "template_file")]
    diff: bool,
    /// Base of the server's URLs as the machine would see it, such as http://10.0.0.1:8080 [default: the server's own]
    #[arg(long, value_name = "URL", default_value = "", hide_default_value = true)]
    base_url: String,
    /// Show params that are declared to be secret; otherwise a mask stands in their place
    #[arg(long)]
    show_secrets: bool,
    /// Write the documents of registered machines, of all kinds unless --kind says one, to DIR/MACHINE/KIND; what an
    /// earlier run wrote there is replaced
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath, conflicts_with_all = ["template_file", "mac", "uuid", "facts"])]
    output_dir: Option<PathBuf>,
    /// Which machines go to --output-dir, as `machine list` takes it [default: all]
    #[arg(long, value_name = "TERMS", requires = "output_dir", conflicts_with = "machine")]
    filter: Vec<String>,
}

fn kinds() -> Vec<&'static str> {
    Kind::ALL.map(Kind::as_str).into_iter().chain([ALL]).collect()
}

/// What a machine would get.
#[derive(Debug, Serialize)]
struct Preview {
    kind: String,
    outcome: String,
    status: u32,
    template: String,
    problem: String,
    warnings: Vec<String>,
    document: String,
}

pub(super) async fn preview(session: &Session, args: PreviewArgs) -> Result<Exit, Failure> {
    let PreviewArgs { target, kind, template_file, diff, base_url, show_secrets, output_dir, filter } = args;
    if let Some(directory) = output_dir {
        let filter = target.machine.map_or(filter.join(" "), |machine| format!("name={machine}"));
        let kinds = kind.into_iter().filter(|kind| kind != ALL).collect();
        return fleet::preview(
            session,
            &directory,
            PreviewFleetRequest { filter, kinds, base_url, show_secrets },
        )
        .await;
    }
    let source = template_file.map(|path| read_file(&path)).transpose()?;
    let kind = kind.unwrap_or_else(|| Kind::Ipxe.to_string());
    let request = PreviewRequest { target: Some(target.target()?), kind, source, base_url, show_secrets };
    match (request.kind.as_str(), diff) {
        (ALL, _) if request.source.is_some() => {
            Err(Failure::new(Exit::Usage, "--template-file is of one kind; --kind says which"))
        }
        (ALL, _) => all_kinds(session, request).await,
        (_, true) => differ(session, request).await,
        (_, false) => {
            let preview = ask(session, request).await?;
            match session.output.format() {
                None => io::stdout().write_all(preview.document.as_bytes())?,
                Some(format) => print::record(format, &preview)?,
            }
            preview.tell(session);
            preview.conclude()
        }
    }
}

async fn ask(session: &Session, request: PreviewRequest) -> Result<Preview, Failure> {
    let kind = request.kind.clone();
    Ok(Preview::new(kind, session.api.boot().preview(request).await?.into_inner()))
}

/// Every document that the machine has a template of, each under a line with its kind.
async fn all_kinds(session: &Session, request: PreviewRequest) -> Result<Exit, Failure> {
    let mut previews: Vec<Preview> = Vec::new();
    for kind in Kind::ALL {
        let preview = ask(session, PreviewRequest { kind: kind.to_string(), ..request.clone() }).await?;
        // Nothing else comes where nothing matches.
        let is_unknown = matches!(preview.outcome.as_str(), "held" | "no-match");
        if preview.outcome != "no-template" || kind == Kind::Ipxe {
            previews.push(preview);
        }
        if is_unknown {
            break;
        }
    }
    if let Some(format) = session.output.format() {
        let mut records = Records::new(format);
        records.page(&previews)?;
        records.finish()?;
    }
    let mut exit = Exit::Ok;
    for preview in &previews {
        if session.output.format().is_none() {
            let text = format!("==> {} <==\n{}\n", preview.kind, preview.document);
            io::stdout().write_all(text.as_bytes())?;
        }
        preview.tell(session);
        if let Err(failure) = preview.conclude() {
            exit = exit.max(session.survive(failure)?);
        }
    }
    Ok(exit)
}

/// How the document that the file makes differs from the one that is served.
async fn differ(session: &Session, request: PreviewRequest) -> Result<Exit, Failure> {
    let served = ask(session, PreviewRequest { source: None, ..request.clone() }).await?;
    let preview = ask(session, request).await?;
    preview.tell(session);
    preview.conclude()?;
    let diff = TextDiff::from_lines(&served.document, &preview.document);
    let from = if served.template.is_empty() { served.outcome.clone() } else { served.template.clone() };
    let text = diff.unified_diff().header(&from, &preview.template).to_string();
    if text.is_empty() {
        session.say("no difference");
    }
    io::stdout().write_all(text.as_bytes())?;
    Ok(Exit::Ok)
}

impl Preview {
    /// Says how it came about.
    fn tell(&self, session: &Session) {
        let template = match self.template.as_str() {
            "" => "no template".to_owned(),
            template => format!("template {template}"),
        };
        session.say(format_args!("{}: {}, {template}, HTTP status {}", self.kind, self.outcome, self.status));
        for warning in &self.warnings {
            session.say(format_args!("warning: {warning}"));
        }
    }

    /// Fails unless it is a document of the machine's own.
    fn conclude(&self) -> Result<Exit, Failure> {
        if self.outcome == RENDERED {
            return Ok(Exit::Ok);
        }
        let problem = match self.problem.as_str() {
            "" => format!("the machine does not get a document of its own ({})", self.outcome),
            problem => problem.to_owned(),
        };
        Err(Failure::new(Exit::NotFound, problem)
            .hint("`explain` with the same machine or facts shows how this came about"))
    }
}

impl TargetArgs {
    /// As the API wants it.
    pub(super) fn target(self) -> Result<Target, Failure> {
        let named = [("mac", self.mac), ("uuid", self.uuid)];
        let named = named.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
        let facts: BTreeMap<_, _> = pairs::collect("--fact", self.facts.into_iter().chain(named).collect())?;
        Ok(Target { machine: self.machine.unwrap_or_default(), facts })
    }
}

impl Preview {
    fn new(kind: String, response: PreviewResponse) -> Self {
        let PreviewResponse { document, outcome, template, problem, status, warnings } = response;
        Self { kind, outcome, status, template, problem, warnings, document }
    }
}

impl Record for Preview {
    fn id(&self) -> String {
        format!("template/{}", self.template)
    }
}
