//! `apply`: makes the server what manifests say.

use std::collections::BTreeMap;

use prost::Message as _;

use super::args::{ApplyArgs, HowArgs};
use super::pending::{Pending, pending};
use crate::client::cli::ReasonArgs;
use crate::client::failure::{Exit, Failure};
use crate::client::resource::Written;
use crate::client::session::{Session, confirm, is_interactive};
use crate::client::verbs::{Report, Reporter};
use crate::domain::{Name, Noun};
use crate::manifest::{Located, Place, Resource};
use crate::proto::pxe_init as pb;

/// The largest request that the server takes for changes, in bytes.
const MAX_REQUEST: usize = 64 << 20;

/// Applies manifests, and prunes what they do not have where that is asked for.
pub(in crate::client) async fn apply(session: &Session, args: ApplyArgs) -> Result<Exit, Failure> {
    let ApplyArgs { wanted, how: HowArgs { yes, dry_run, reason } } = args;
    let pending = pending(&session.api, wanted).await?;
    let pruned = pending.pruned.iter().map(|standing| (standing.resource.noun(), standing.resource.name()));
    if !dry_run && !agreed(session, yes, pruned)? {
        session.say("nothing changed");
        return Ok(Exit::Other);
    }
    let places = places(&pending.wanted);
    send(session, pending.changes(), dry_run, reason).await.map_err(|failure| placed(failure, &places))
}

/// Makes all of these what they say, or none.
pub(in crate::client) async fn put(
    session: &Session,
    wanted: Vec<Located<Resource>>,
    dry_run: bool,
    reason: ReasonArgs,
) -> Result<Exit, Failure> {
    let places = places(&wanted);
    let changes = Pending { wanted, pruned: Vec::new() }.changes();
    send(session, changes, dry_run, reason).await.map_err(|failure| placed(failure, &places))
}

/// Where each thing stands in the manifests.
fn places(wanted: &[Located<Resource>]) -> BTreeMap<String, Place> {
    wanted
        .iter()
        .map(|Located { place, value, .. }| (format!("{}/{}", value.noun(), value.name()), place.clone()))
        .collect()
}

/// The failure with the place of the manifest beside each thing that the server refused.
fn placed(failure: Failure, places: &BTreeMap<String, Place>) -> Failure {
    let place = |(field, problem): (String, String)| {
        let place = field.split_once(": ").and_then(|(id, _)| places.get(id));
        (place.map_or(field.clone(), |place| format!("{place}: {field}")), problem)
    };
    Failure { fields: failure.fields.into_iter().map(place).collect(), ..failure }
}

/// Whether these may be deleted: asks where somebody sits at a terminal.
pub(super) fn agreed<'a>(
    session: &Session,
    yes: bool,
    deleted: impl ExactSizeIterator<Item = (Noun, &'a Name)>,
) -> Result<bool, Failure> {
    let count = deleted.len();
    if yes || count == 0 || !is_interactive() {
        return Ok(true);
    }
    for (noun, name) in deleted {
        session.say(format_args!("{noun}/{name} is to be deleted"));
    }
    confirm(&format!("delete {count} of them?"))
}

/// The server finishes what it has begun, whether or not we wait for it.
fn unanswered(failure: Failure) -> Failure {
    match failure.exit {
        Exit::Unavailable if failure.hint.is_none() && failure.message.contains("in time") => failure.hint(
            "it may be done all the same: look with diff, and give large changes more time with --timeout",
        ),
        _ => failure,
    }
}

/// Makes changes, all or none, and says what each did.
pub(super) async fn send(
    session: &Session,
    changes: Vec<pb::Change>,
    dry_run: bool,
    reason: ReasonArgs,
) -> Result<Exit, Failure> {
    let ReasonArgs { message, force } = reason;
    let request = pb::ApplyRequest { changes, message, dry_run, force };
    let size = request.encoded_len();
    if size > MAX_REQUEST {
        let (size, most) = (size >> 20, MAX_REQUEST >> 20);
        let message = format!("these are {size} MiB of changes, and the server takes {most} MiB at a time");
        return Err(
            Failure::new(Exit::Refused, message).hint("apply them in parts, templates and images first")
        );
    }
    let answer =
        session.api.catalog().apply(request).await.map_err(|status| unanswered(status.into()))?.into_inner();
    let pb::ApplyResponse { results, revision, warnings } = answer;
    let mut reporter = Reporter::many(session);
    let mut counts = [("created", 0), ("updated", 0), ("deleted", 0), ("unchanged", 0)];
    for pb::ChangeResult { noun, name, outcome, changed } in results {
        let result = pb::WriteResult { outcome, revision, changed, warnings: Vec::new() };
        let noun = Noun::ALL.into_iter().find(|known| known.as_str() == noun).ok_or_else(|| {
            Failure::new(
                Exit::Other,
                format!("the server speaks of a noun {noun:?} that this client does not know"),
            )
        })?;
        let report = Report::new(noun, &name, dry_run, Written::from(Some(result)));
        if let Some((_, count)) = counts.iter_mut().find(|(word, _)| *word == report.outcome()) {
            *count += 1;
        }
        reporter.add(&report)?;
    }
    reporter.finish()?;
    for warning in warnings {
        session.say(format_args!("warning: {warning}"));
    }
    let told: Vec<String> = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(word, count)| format!("{count} {word}"))
        .collect();
    let end = if dry_run { "; dry run, nothing written" } else { "" };
    session.say(format_args!("{}; catalog revision {revision}{end}", told.join(", ")));
    Ok(Exit::Ok)
}
