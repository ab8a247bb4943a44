//! `audit`: who changed what, and whether what it says is what was written.

mod row;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use super::boots::parse_time;
use super::failure::{Exit, Failure};
use super::print::{self, Printer};
use super::session::Session;
use crate::domain::{Noun, TOKEN};
use crate::proto::pxe_init as pb;

use row::{Entry, Verdict};

/// The largest page that the server gives.
const PAGE_SIZE: u64 = 1000;

/// What was done.
const ACTIONS: [&str; 4] = ["create", "update", "delete", "denied"];

/// What can be done with the audit.
#[derive(Debug, Subcommand)]
pub(super) enum AuditVerb {
    List(ListArgs),
    Verify(VerifyArgs),
}

/// List who changed what, from where, and which calls were denied, the newest first
///
/// Params that are secret have masks. With -o json or yaml each entry says how the thing was before and after.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client audit list --since 7d --what machine/web-1 -o yaml
  pxe-init-client audit list --denied --since 1h")]
pub(super) struct ListArgs {
    /// From this time on: so long ago, such as 30m, 2h or 7d, or a time such as 2026-03-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<i64>,
    /// Before this time, written alike
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<i64>,
    /// Only what this one did
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Only what came from this address
    #[arg(long, value_name = "IP")]
    from: Option<String>,
    /// Only what was done to this: image, template, machine or rule, alone or with a name, such as machine/web-1
    #[arg(long, value_name = "NOUN[/NAME]", value_parser = what)]
    what: Option<(String, String)>,
    /// Only where this was done
    #[arg(long, value_name = "ACTION", value_parser = PossibleValuesParser::new(ACTIONS))]
    action: Option<String>,
    /// Only calls that were denied
    #[arg(long, conflicts_with_all = ["action", "what"])]
    denied: bool,
    /// Stop after this many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
}

/// Check that no entry of the audit was changed, removed or put in after it was written
///
/// Each entry holds a hash of itself and of the one before. That entries were cut off at the end, or that all of them were
/// written anew, can only be told by a hash that was noted elsewhere: note the head that this prints, and give it as --anchor
/// later. Exit code 1 means that the audit is not as it was written.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// A head that was noted elsewhere, which must be in the chain
    #[arg(long, value_name = "HASH", default_value = "", hide_default_value = true)]
    anchor: String,
}

/// Runs a verb.
pub(super) async fn run(session: &Session, verb: AuditVerb) -> Result<Exit, Failure> {
    match verb {
        AuditVerb::List(args) => list(session, args).await,
        AuditVerb::Verify(args) => verify(session, args).await,
    }
}

fn what(text: &str) -> Result<(String, String), String> {
    let (noun, name) = text.split_once('/').unwrap_or((text, ""));
    if noun == TOKEN || Noun::ALL.into_iter().any(|known| known.as_str() == noun) {
        return Ok((noun.to_owned(), name.to_owned()));
    }
    Err(format!(
        "{noun:?} is no noun; write image, template, machine, rule or token, and a name after a / perhaps"
    ))
}

async fn list(session: &Session, args: ListArgs) -> Result<Exit, Failure> {
    let (noun, name) = args.what.unwrap_or_default();
    let action = if args.denied { Some("denied".to_owned()) } else { args.action };
    let filter = pb::AuditFilter {
        since_ms: args.since.unwrap_or_default(),
        until_ms: args.until.unwrap_or_default(),
        actor: args.who.unwrap_or_default(),
        origin: args.from.unwrap_or_default(),
        noun,
        name,
        action: action.unwrap_or_default(),
    };
    let mut printer = Printer::new(session.output);
    let (mut shown, mut page_token) = (0, String::new());
    let mut more = true;
    while more && shown < args.limit {
        let request = pb::ListAuditRequest {
            filter: Some(filter.clone()),
            page_size: u32::try_from((args.limit - shown).min(PAGE_SIZE)).unwrap_or(u32::MAX),
            page_token,
        };
        let page = session.api.audit().list_audit(request).await?.into_inner();
        let rows: Vec<_> = page.entries.into_iter().map(Entry).collect();
        printer.page(&rows)?;
        shown += rows.len() as u64;
        page_token = page.next_page_token;
        more = !page_token.is_empty();
    }
    printer.finish()?;
    if shown == 0 {
        session.say("no entry matches");
    } else if more {
        session.say(format_args!("the newest {shown}; --limit shows more"));
    }
    Ok(Exit::Ok)
}

async fn verify(session: &Session, args: VerifyArgs) -> Result<Exit, Failure> {
    use pb::verify_audit_response::Event;
    let request = pb::VerifyAuditRequest { anchor: args.anchor.clone() };
    let mut events = session.api.audit().verify_audit(request).await?.into_inner();
    let mut found = None;
    while let Some(response) = events.message().await? {
        if let Some(Event::Verdict(verdict)) = response.event {
            found = Some(verdict);
        }
    }
    let verdict = found.ok_or_else(|| Failure::new(Exit::Unavailable, "the server broke the check off"))?;
    let verdict = Verdict::new(verdict, &args.anchor);
    match session.output.format() {
        Some(format) => print::record(format, &verdict)?,
        None => verdict.tell(session)?,
    }
    Ok(if verdict.whole { Exit::Ok } else { Exit::Other })
}
