//! `boots watch`.

use std::io::{self, Write as _};
use std::time::Duration;

use super::row::Boot;
use crate::client::failure::{Exit, Failure};
use crate::client::print::{Format, Printer};
use crate::client::session::Session;
use crate::proto::pxe_init::watch_boots_response::Event;
use crate::proto::pxe_init::{BootFilter, WatchBootsRequest};

/// Between two attempts to connect.
const PAUSE: Duration = Duration::from_secs(1);

/// Prints boots as they come, until nobody reads them.
pub(super) async fn watch(session: &Session, filter: BootFilter) -> Result<Exit, Failure> {
    let mut printer = Printer::new(session.output);
    let mut connected = false;
    loop {
        let failure = match follow(session, &filter, &mut printer, &mut connected).await {
            Ok(()) => Failure::new(Exit::Unavailable, "the server ended the stream"),
            Err(failure) if failure.exit == Exit::Unavailable && connected => failure,
            Err(failure) => return Err(failure),
        };
        if std::mem::replace(&mut connected, true) {
            session.say(format_args!("the server is away: {}; connecting again", failure.message));
        }
        while !is_there(session, &filter).await? {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Whether the server can be watched again.
async fn is_there(session: &Session, filter: &BootFilter) -> Result<bool, Failure> {
    let request = WatchBootsRequest { filter: Some(filter.clone()) };
    match session.api.journal().watch_boots(request).await.map_err(Failure::from) {
        Ok(_) => Ok(true),
        Err(failure) if failure.exit == Exit::Unavailable => Ok(false),
        Err(failure) => Err(failure),
    }
}

async fn follow(
    session: &Session,
    filter: &BootFilter,
    printer: &mut Printer,
    connected: &mut bool,
) -> Result<(), Failure> {
    let request = WatchBootsRequest { filter: Some(filter.clone()) };
    let mut events = session.api.journal().watch_boots(request).await?.into_inner();
    while let Some(event) = events.message().await? {
        match event.event {
            Some(Event::Watching(watching)) => {
                let again = if std::mem::replace(connected, true) {
                    "connected again; `boots list` has what was answered meanwhile; "
                } else {
                    ""
                };
                session.say(format_args!("{again}watching {}", watching.replica));
            }
            Some(Event::Boot(boot)) => show(session, printer, Boot(boot))?,
            Some(Event::Missed(count)) => {
                session.say(format_args!("warning: too slow for {count} boots; `boots list` has them"));
            }
            None => {}
        }
    }
    Ok(())
}

fn show(session: &Session, printer: &mut Printer, boot: Boot) -> Result<(), Failure> {
    if session.output.format() != Some(Format::Json) {
        return printer.page(&[boot]);
    }
    let line = serde_json::to_string(&boot).map_err(|e| Failure::new(Exit::Other, e.to_string()))?;
    writeln!(io::stdout(), "{line}")?;
    Ok(())
}
