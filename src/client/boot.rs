//! `preview`: the document that a machine would get.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde::Serialize;

use super::document::read_file;
use super::failure::{Exit, Failure};
use super::pairs;
use super::print::{self, Record};
use super::session::Session;
use crate::domain::Kind;
use crate::proto::pxe_init::{PreviewRequest, PreviewResponse, Target};

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
  pxe-init-client preview --mac 52:54:00:12:34:56 --fact arch=arm64
  pxe-init-client preview web-1 --template-file new.ipxe.j2")]
pub(super) struct PreviewArgs {
    #[command(flatten)]
    target: TargetArgs,
    /// Kind of document
    #[arg(long, value_name = "KIND", default_value = "ipxe", value_parser = PossibleValuesParser::new(Kind::ALL.map(Kind::as_str)))]
    kind: String,
    /// Render the Jinja source in this file in the place of the chosen template; - for standard input
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    template_file: Option<PathBuf>,
    /// Base of the server's URLs as the machine would see it, such as http://10.0.0.1:8080 [default: the server's own]
    #[arg(long, value_name = "URL", default_value = "", hide_default_value = true)]
    base_url: String,
}

/// What a machine would get.
#[derive(Debug, Serialize)]
struct Preview {
    outcome: String,
    status: u32,
    template: String,
    problem: String,
    warnings: Vec<String>,
    document: String,
}

pub(super) async fn preview(session: &Session, args: PreviewArgs) -> Result<Exit, Failure> {
    let PreviewArgs { target, kind, template_file, base_url } = args;
    let source = template_file.map(|path| read_file(&path)).transpose()?;
    let request = PreviewRequest { target: Some(target.target()?), kind: kind.clone(), source, base_url };
    let preview = Preview::from(session.api.boot().preview(request).await?.into_inner());
    match session.output.format() {
        None => io::stdout().write_all(preview.document.as_bytes())?,
        Some(format) => print::record(format, &preview)?,
    }
    let template = match preview.template.as_str() {
        "" => "no template".to_owned(),
        template => format!("template {template}"),
    };
    session.say(format_args!("{kind}: {}, {template}, HTTP status {}", preview.outcome, preview.status));
    for warning in &preview.warnings {
        session.say(format_args!("warning: {warning}"));
    }
    if preview.outcome == "rendered" {
        return Ok(Exit::Ok);
    }
    let problem = match preview.problem.as_str() {
        "" => format!("the machine does not get a document of its own ({})", preview.outcome),
        problem => problem.to_owned(),
    };
    Err(Failure::new(Exit::NotFound, problem)
        .hint("`explain` with the same machine or facts shows how this came about"))
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

impl From<PreviewResponse> for Preview {
    fn from(response: PreviewResponse) -> Self {
        let PreviewResponse { document, outcome, template, problem, status, warnings } = response;
        Self { outcome, status, template, problem, warnings, document }
    }
}

impl Record for Preview {
    fn id(&self) -> String {
        format!("template/{}", self.template)
    }
}
