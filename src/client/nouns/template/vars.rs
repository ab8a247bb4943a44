//! `template vars`: what a template reads, and where each of its variables gets its value.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use serde::Serialize;

use crate::client::document::read_file;
use crate::client::failure::{Exit, Failure};
use crate::client::nouns::convert;
use crate::client::print::{Printer, Record, Row};
use crate::client::session::Session;
use crate::domain::{Kind, ParamSpec};
use crate::proto::pxe_init as pb;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client template vars kickstart.ks
  pxe-init-client template vars --template-file new.ipxe.j2 --kind ipxe -o wide")]
pub(in crate::client) struct VarsArgs {
    /// Its name; with --template-file, the name that the file will have
    #[arg(required_unless_present = "template_file")]
    name: Option<String>,
    /// Look at the Jinja source in this file, which is not saved; - for standard input
    #[arg(long, value_name = "FILE", requires = "kind", value_hint = clap::ValueHint::FilePath)]
    template_file: Option<PathBuf>,
    /// What the file renders
    #[arg(long, value_name = "KIND", requires = "template_file", value_parser = PossibleValuesParser::new(Kind::ALL.map(Kind::as_str)))]
    kind: Option<String>,
}

/// One variable of a template.
#[derive(Debug, Serialize)]
struct Var {
    name: String,
    #[serde(flatten)]
    spec: Option<ParamSpec>,
    /// Whether a document fails without it.
    needed: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    declared_by: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    read_at: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    from: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    given_by: Vec<Supplier>,
}

/// The images, the rules or the machines that give it.
#[derive(Debug, Serialize)]
struct Supplier {
    noun: String,
    total: u64,
    names: Vec<String>,
}

pub(super) async fn vars(session: &Session, args: VarsArgs) -> Result<Exit, Failure> {
    let source = args.template_file.map(|path| read_file(&path)).transpose()?;
    let (name, kind) = (args.name.unwrap_or_default(), args.kind.unwrap_or_default());
    let request = pb::GetTemplateVarsRequest { name, source, kind };
    let answer = session.api.templates().get_template_vars(request).await?.into_inner();
    let vars: Vec<Var> = answer.vars.into_iter().map(Var::from).collect();
    let mut printer = Printer::new(session.output);
    printer.page(&vars)?;
    printer.finish()?;
    if vars.is_empty() {
        session.say("it reads no variables");
    }
    if answer.any_param {
        session.say("it also reads params of which its source does not tell the names");
    }
    if answer.any_template {
        session.say("it also includes templates of which its source does not tell the names");
    }
    Ok(Exit::Ok)
}

impl Var {
    /// What gives it, in a few words.
    fn source(&self) -> String {
        if !self.from.is_empty() {
            return self.from.clone();
        }
        let given: Vec<String> = self.given_by.iter().map(Supplier::words).collect();
        match (given.is_empty(), self.spec.as_ref().is_some_and(|spec| spec.default.is_some())) {
            (false, _) => given.join("; "),
            (true, true) => "its default".to_owned(),
            (true, false) => "nobody".to_owned(),
        }
    }
}

impl Supplier {
    /// `rule a`, `rules a, b and 3 more`.
    fn words(&self) -> String {
        let plural = if self.total == 1 { "" } else { "s" };
        let names = self.names.join(", ");
        match self.total.saturating_sub(self.names.len() as u64) {
            0 => format!("{}{plural} {names}", self.noun),
            more => format!("{}{plural} {names} and {more} more", self.noun),
        }
    }
}

impl Record for Var {
    fn id(&self) -> String {
        self.name.clone()
    }
}

impl Row for Var {
    const COLUMNS: &'static [&'static str] = &["NAME", "TYPE", "DEFAULT", "NEEDED", "GIVEN BY", "HELP"];
    const WIDE: &'static [&'static str] = &["SECRET", "CHOICES", "DECLARED BY", "READ AT"];

    fn cells(&self) -> Vec<String> {
        let spec = self.spec.as_ref();
        let yes = |yes: bool| if yes { "yes".to_owned() } else { String::new() };
        let choices = spec.map(|spec| spec.choices.iter().map(ToString::to_string).collect::<Vec<_>>());
        vec![
            self.name.clone(),
            spec.map(|spec| spec.ty.to_string()).unwrap_or_default(),
            spec.and_then(|spec| spec.default.as_ref()).map(ToString::to_string).unwrap_or_default(),
            yes(self.needed),
            self.source(),
            spec.map(|spec| spec.help.clone()).unwrap_or_default(),
            yes(spec.is_some_and(|spec| spec.secret)),
            choices.unwrap_or_default().join(","),
            self.declared_by.clone(),
            self.read_at.clone(),
        ]
    }
}

impl From<pb::TemplateVar> for Var {
    fn from(var: pb::TemplateVar) -> Self {
        let pb::TemplateVar { name, spec, declared_by, read_at, required, from, suppliers } = var;
        let supplier = |supplier| {
            let pb::ParamSupplier { noun, total, names } = supplier;
            Supplier { noun, total, names }
        };
        Self {
            name,
            spec: spec.map(convert::spec),
            needed: required,
            declared_by,
            read_at,
            from,
            given_by: suppliers.into_iter().map(supplier).collect(),
        }
    }
}
