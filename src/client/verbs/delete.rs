//! `NOUN delete`.

use super::report::{Report, Reporter};
use crate::client::cli::DeleteArgs;
use crate::client::failure::{Exit, Failure};
use crate::client::resource::Resource;
use crate::client::session::{Session, confirm, is_interactive};

/// Deletes those of these names, each on its own: one that is refused does not keep the others.
pub(in crate::client) async fn delete<T: Resource>(
    session: &Session,
    args: DeleteArgs,
) -> Result<Exit, Failure> {
    let write = args.write.write();
    if write.base_revision != 0 && args.names.len() > 1 {
        return Err(Failure::new(Exit::Usage, "--base-revision goes with one name only"));
    }
    if !args.yes && !write.dry_run && is_interactive() {
        let question = format!("delete {} {}?", T::NOUN, args.names.join(", "));
        if !confirm(&question)? {
            session.say("nothing deleted");
            return Ok(Exit::Other);
        }
    }
    let mut reporter = Reporter::new(session, args.names.len());
    let mut exit = Exit::Ok;
    for name in &args.names {
        match T::delete(&session.api, name, &write).await {
            Ok(written) => reporter.add(&Report::new(T::NOUN, name, write.dry_run, written))?,
            Err(failure) => exit = exit.max(session.survive(failure)?),
        }
    }
    reporter.finish()?;
    Ok(exit)
}
