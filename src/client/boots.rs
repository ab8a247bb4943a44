//! `boots`: what machines were answered.

mod filter;
mod replay;
mod row;
mod watch;

use clap::{Args, Subcommand};

use super::failure::{Exit, Failure};
use super::print::{self, Printer};
use super::session::Session;
use crate::proto::pxe_init as pb;

use filter::FilterArgs;
use replay::ReplayArgs;
use row::Boot;

pub(super) use filter::time as parse_time;
pub(super) use row::time;

/// The largest page that the server gives.
const PAGE_SIZE: u64 = 1000;

/// What can be done with the journal.
#[derive(Debug, Subcommand)]
pub(super) enum BootsVerb {
    List(ListArgs),
    /// Print boots by their number
    Get(GetArgs),
    Watch(WatchArgs),
    Replay(ReplayArgs),
}

/// List what machines were answered, the newest first
///
/// All servers that share the database are listed; while it is away, the one that is asked, from its memory.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client boots list --machine web-1 --since 2h
  pxe-init-client boots list --outcome failed -o wide
  pxe-init-client boots list --since 2026-03-01T08:00:00Z --until 2026-03-01T09:00:00Z --limit 1000 -o json")]
pub(super) struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// From this time on: so long ago, such as 30m, 2h or 7d, or a time such as 2026-03-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = filter::time)]
    since: Option<i64>,
    /// Before this time, written alike
    #[arg(long, value_name = "TIME", value_parser = filter::time)]
    until: Option<i64>,
    /// Stop after this many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
}

#[derive(Debug, Args)]
pub(super) struct GetArgs {
    /// Their numbers, as `boots list` prints them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

/// Show what machines are answered from now on, a line each
///
/// It shows what the server answers that it is connected to. When that goes away, it connects again, and says so on standard
/// error. With -o json each line is one object.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client boots watch
  pxe-init-client boots watch --outcome failed -o json")]
pub(super) struct WatchArgs {
    #[command(flatten)]
    filter: FilterArgs,
}

/// Runs a verb.
pub(super) async fn run(session: &Session, verb: BootsVerb) -> Result<Exit, Failure> {
    match verb {
        BootsVerb::List(args) => list(session, args).await,
        BootsVerb::Get(args) => get(session, args).await,
        BootsVerb::Watch(args) => watch::watch(session, args.filter.filter(None, None)).await,
        BootsVerb::Replay(args) => replay::replay(session, args).await,
    }
}

async fn list(session: &Session, args: ListArgs) -> Result<Exit, Failure> {
    let ListArgs { filter, since, until, limit } = args;
    let filter = filter.filter(since, until);
    let mut printer = Printer::new(session.output);
    let (mut shown, mut page_token) = (0, String::new());
    let (mut more, mut memory_only) = (false, String::new());
    while shown < limit {
        let request = pb::ListBootsRequest {
            filter: Some(filter.clone()),
            page_size: u32::try_from((limit - shown).min(PAGE_SIZE)).unwrap_or(u32::MAX),
            page_token,
        };
        let page = session.api.journal().list_boots(request).await?.into_inner();
        let rows: Vec<_> = page.boots.into_iter().map(Boot).collect();
        printer.page(&rows)?;
        shown += rows.len() as u64;
        memory_only = page.memory_only;
        page_token = page.next_page_token;
        more = !page_token.is_empty();
        if !more {
            break;
        }
    }
    printer.finish()?;
    if !memory_only.is_empty() {
        session.say(format_args!("warning: only what this server has in memory: {memory_only}"));
    }
    if shown == 0 {
        session.say("no boot matches");
    } else if more {
        session.say(format_args!("the newest {shown}; --limit shows more"));
    }
    Ok(Exit::Ok)
}

async fn get(session: &Session, args: GetArgs) -> Result<Exit, Failure> {
    let mut found = Vec::new();
    let mut exit = Exit::Ok;
    for id in args.ids {
        let request = pb::GetBootRequest { id: id.clone() };
        match session.api.journal().get_boot(request).await {
            Ok(answer) => found.push(Boot(answer.into_inner().boot.unwrap_or_default())),
            Err(status) => exit = exit.max(session.survive(status.into())?),
        }
    }
    match (session.output.format(), found.as_slice()) {
        (Some(format), [one]) => print::record(format, one)?,
        (None, found) => {
            for boot in found {
                row::tell(boot)?;
            }
        }
        (Some(_), found) => {
            let mut printer = Printer::new(session.output);
            printer.page(found)?;
            printer.finish()?;
        }
    }
    Ok(exit)
}
