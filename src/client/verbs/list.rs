//! `NOUN list`.

use crate::client::cli::ListArgs;
use crate::client::failure::{Exit, Failure};
use crate::client::print::Printer;
use crate::client::resource::{Page, Resource};
use crate::client::session::Session;
use crate::proto::pxe_init::ListOptions;

/// The largest page that the server gives.
const PAGE_SIZE: u64 = 1000;

/// Prints those that match, page by page as they come.
pub(in crate::client) async fn list<T: Resource>(session: &Session, args: ListArgs) -> Result<Exit, Failure> {
    let filter = args.filter.join(" ");
    let mut printer = Printer::new(session.output);
    let (mut shown, mut page_token) = (0, String::new());
    let total = loop {
        let wanted = args.limit.map_or(PAGE_SIZE, |limit| (limit - shown).min(PAGE_SIZE));
        let options = ListOptions {
            page_size: u32::try_from(wanted).unwrap_or(u32::MAX),
            page_token,
            filter: filter.clone(),
        };
        let Page { rows, next, total } = T::list(&session.api, options).await?;
        let rows = &rows[..rows.len().min(usize::try_from(wanted).unwrap_or(usize::MAX))];
        printer.page(rows)?;
        shown += rows.len() as u64;
        page_token = next;
        if page_token.is_empty() || args.limit.is_some_and(|limit| shown >= limit) {
            break total;
        }
    };
    match (shown, total) {
        (0, _) if filter.is_empty() => session.say(format_args!("no {}s are registered", T::NOUN)),
        (0, _) => session.say(format_args!("no {} matches the filter", T::NOUN)),
        (shown, total) if shown < total => session.say(format_args!("{shown} of {total} {}s", T::NOUN)),
        _ => {}
    }
    printer.finish()?;
    Ok(Exit::Ok)
}
