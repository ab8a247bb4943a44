//! What can be done with templates.

use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::Template;
use super::vars::{VarsArgs, vars};
use crate::client::cli::{DeleteArgs, EditArgs, GetArgs, LABEL_HELP, ListArgs, ReasonArgs, WriteArgs};
use crate::client::document::read_file;
use crate::client::failure::{Exit, Failure};
use crate::client::pairs;
use crate::client::print::{self, Printer, Record, Row};
use crate::client::resource::{Resource as _, Written};
use crate::client::session::Session;
use crate::client::template_test::TestArgs;
use crate::client::verbs::{self, Report, report};
use crate::domain::{Kind, Noun};
use crate::proto::pxe_init as pb;

/// The largest page that the server gives.
const PAGE_SIZE: u32 = 1000;

#[derive(Debug, Subcommand)]
pub(in crate::client) enum TemplateVerb {
    /// List templates, without their sources
    List(ListArgs),
    /// Print templates by name
    Get(GetArgs),
    /// Save a template, new or not; the server compiles it and renders it with samples first
    Register(RegisterArgs),
    /// Edit the source of a template in $VISUAL or $EDITOR; saving a built-in one overrides it
    Edit(EditArgs),
    /// Delete templates by name; a built-in one that was overridden comes back
    Delete(DeleteArgs),
    /// List the saves of a template, the newest first
    History(HistoryArgs),
    /// Print the source of a template
    Show(ShowArgs),
    /// List what a template reads, through all that it includes, and where each variable gets its value
    Vars(VarsArgs),
    /// Save the source of an older revision again
    Rollback(RollbackArgs),
    /// Run the tests of a directory of manifests, without a server
    Test(TestArgs),
}

#[derive(Debug, Args)]
pub(in crate::client) struct RegisterArgs {
    /// Its name: A-Z a-z 0-9 . _ - beginning with a letter or digit
    name: String,
    /// What it renders, which decides how its values are escaped
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(Kind::ALL.map(Kind::as_str)))]
    kind: String,
    /// The file with its Jinja source; - for standard input
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    #[arg(long = "label", value_name = "KEY=VALUE", help = LABEL_HELP, value_parser = pairs::text)]
    labels: Vec<(String, String)>,
    #[command(flatten)]
    write: WriteArgs,
}

#[derive(Debug, Args)]
pub(in crate::client) struct HistoryArgs {
    /// Its name
    name: String,
}

#[derive(Debug, Args)]
pub(in crate::client) struct ShowArgs {
    /// Its name
    name: String,
    /// The number of the save, as `template history` lists it [default: the newest]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    revision: Option<u32>,
}

#[derive(Debug, Args)]
pub(in crate::client) struct RollbackArgs {
    /// Its name
    name: String,
    /// The number of the save, as `template history` lists it [default: the one before the newest]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    revision: Option<u32>,
    /// Check everything, write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    reason: ReasonArgs,
}

/// One save of a template.
#[derive(Debug, Serialize)]
struct Save {
    name: String,
    number: u32,
    created: String,
    author: String,
    message: String,
    sha256: String,
}

/// Runs a verb on templates.
pub(in crate::client) async fn run(session: &mut Session, verb: TemplateVerb) -> Result<Exit, Failure> {
    match verb {
        TemplateVerb::List(args) => verbs::list::<Template>(session, args).await,
        TemplateVerb::Get(args) => verbs::get::<Template>(session, args).await,
        TemplateVerb::Register(args) => register(session, args).await,
        TemplateVerb::Edit(args) => verbs::edit::<Template>(session, &args.name, args.write()).await,
        TemplateVerb::Delete(args) => verbs::delete::<Template>(session, args).await,
        TemplateVerb::History(args) => history(session, args).await,
        TemplateVerb::Show(args) => show(session, args).await,
        TemplateVerb::Vars(args) => vars(session, args).await,
        TemplateVerb::Rollback(args) => rollback(session, args).await,
        // Was run before there was a session.
        TemplateVerb::Test(_) => Ok(Exit::Ok),
    }
}

async fn register(session: &Session, args: RegisterArgs) -> Result<Exit, Failure> {
    let source = read_file(&args.file)?;
    let write = args.write.write();
    let labels = pairs::collect("--label", args.labels)?;
    let template =
        Template { name: args.name.clone(), kind: args.kind, source, labels, ..Template::default() };
    let written = template.register(&session.api, &write).await?;
    report(session, &Report::new(Noun::Template, &args.name, write.dry_run, written))?;
    Ok(Exit::Ok)
}

async fn history(session: &Session, args: HistoryArgs) -> Result<Exit, Failure> {
    let mut printer = Printer::new(session.output);
    let (mut page_token, mut shown) = (String::new(), 0);
    loop {
        let options = pb::ListOptions { page_size: PAGE_SIZE, page_token, filter: String::new() };
        let request = pb::ListTemplateRevisionsRequest { name: args.name.clone(), options: Some(options) };
        let answer = session.api.templates().list_template_revisions(request).await?.into_inner();
        let saves: Vec<Save> = answer.revisions.into_iter().map(|save| Save::new(&args.name, save)).collect();
        printer.page(&saves)?;
        shown += saves.len();
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    if shown == 0 {
        session.say(format_args!("template {} is built in and was never saved", args.name));
    }
    printer.finish()?;
    Ok(Exit::Ok)
}

async fn show(session: &Session, args: ShowArgs) -> Result<Exit, Failure> {
    let template = Template::at(&session.api, &args.name, args.revision.unwrap_or_default()).await?;
    match session.output.format() {
        None => io::stdout().write_all(template.source.as_bytes())?,
        Some(format) => print::record(format, &template)?,
    }
    Ok(Exit::Ok)
}

async fn rollback(session: &Session, args: RollbackArgs) -> Result<Exit, Failure> {
    let RollbackArgs { name, revision, dry_run, reason: ReasonArgs { message, force } } = args;
    let number = revision.unwrap_or_default();
    let request = pb::RollbackTemplateRequest { name: name.clone(), number, message, dry_run, force };
    let answer = session.api.templates().rollback_template(request).await?.into_inner();
    let written = Written::template(answer.result, answer.template);
    report(session, &Report::new(Noun::Template, &name, dry_run, written))?;
    Ok(Exit::Ok)
}

impl Save {
    fn new(name: &str, save: pb::TemplateRevision) -> Self {
        let pb::TemplateRevision { number, sha256, author, message, created_ms } = save;
        let created = jiff::Timestamp::from_millisecond(created_ms)
            .map_or_else(|_| created_ms.to_string(), |time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        Self { name: name.to_owned(), number, created, author, message, sha256 }
    }
}

impl Record for Save {
    fn id(&self) -> String {
        format!("template/{}@{}", self.name, self.number)
    }
}

impl Row for Save {
    const COLUMNS: &'static [&'static str] = &["NUMBER", "CREATED", "AUTHOR", "MESSAGE"];
    const WIDE: &'static [&'static str] = &["SHA256"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.number.to_string(),
            self.created.clone(),
            self.author.clone(),
            self.message.clone(),
            self.sha256.clone(),
        ]
    }
}
