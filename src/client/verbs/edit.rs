//! `NOUN edit`.

use super::report::{Report, report};
use crate::client::edit_text::Draft;
use crate::client::failure::{Exit, Failure};
use crate::client::resource::{Editable, Write, Written};
use crate::client::session::{Session, confirm, is_interactive};

/// Opens the one of this name in an editor, and saves what comes back unless somebody else did meanwhile.
///
/// Text that is refused is kept: in the editor for another try where somebody sits at a terminal, else in a file.
pub(in crate::client) async fn edit<T: Editable>(
    session: &Session,
    name: &str,
    write: Write,
) -> Result<Exit, Failure> {
    let before = T::get(&session.api, name).await?;
    let original = before.text()?;
    let draft = Draft::new(before.suffix())?;
    let mut text = original.clone();
    let mut complaint = None::<String>;
    loop {
        let edited = draft.edit(&advice(&before, complaint.as_deref()), &text).await?;
        if edited == original {
            session.say(format_args!("no change: {}", before.id()));
            return Ok(Exit::Ok);
        }
        if complaint.is_some() && edited == text {
            let failure = Failure::new(Exit::Refused, "the text was not changed after it had been refused");
            return Err(kept(failure, draft, &text)?);
        }
        text = edited;
        let failure = match save(session, &before, &text, &write).await {
            Ok(written) => {
                report(session, &Report::new(T::NOUN, name, write.dry_run, written))?;
                return Ok(Exit::Ok);
            }
            Err(failure) => failure,
        };
        if failure.exit == Exit::Refused && is_interactive() {
            session.say(&failure);
            if confirm("edit again?")? {
                complaint = Some(failure.to_string());
                continue;
            }
        }
        return Err(kept(failure, draft, &text)?);
    }
}

async fn save<T: Editable>(
    session: &Session,
    before: &T,
    text: &str,
    write: &Write,
) -> Result<Written, Failure> {
    let after = before.edited(text)?;
    if after.name() != before.name() {
        let message = format!("the name {:?} can not be changed to {:?}", before.name(), after.name());
        return Err(Failure::new(Exit::Refused, message)
            .hint("register it under the new name and delete the old one"));
    }
    let write = Write { base_revision: before.revision(), ..write.clone() };
    let saved = if write.base_revision == 0 {
        // A built-in has no revision to hold on to: what is saved stands in its place from now on, unless somebody else
        // was faster.
        match T::get(&session.api, before.name()).await?.revision() {
            0 => after.register(&session.api, &write).await,
            _ => Err(Failure::new(Exit::Conflict, format!("{} is not built in any more", before.id()))),
        }
    } else {
        after.update(&session.api, &write).await
    };
    match saved {
        Err(failure) if failure.exit == Exit::Conflict => Err(lost_race(session, before, failure).await),
        saved => saved,
    }
}

async fn lost_race<T: Editable>(session: &Session, before: &T, failure: Failure) -> Failure {
    let base = before.revision();
    let now = match T::get(&session.api, before.name()).await {
        Ok(now) => format!("it is at revision {} now", now.revision()),
        Err(_) => "it is gone now".to_owned(),
    };
    let hint = format!(
        "you edited {} at revision {base}, {now}; edit it again and put your changes in",
        before.id()
    );
    failure.hint(hint)
}

fn advice<T: Editable>(resource: &T, complaint: Option<&str>) -> String {
    let mut advice = String::new();
    if let Some(complaint) = complaint {
        advice += complaint;
        advice += "Mend it, or leave the text as it is to give up.\n";
    }
    advice += &format!(
        "{} at catalog revision {}. Lines that begin with #~ up here are not part of it.\n",
        resource.id(),
        resource.revision()
    );
    advice + &resource.advice().unwrap_or_default()
}

/// The failure, telling where the text is now.
fn kept(failure: Failure, draft: Draft, text: &str) -> Result<Failure, Failure> {
    let path = draft.keep(text)?;
    let hint = failure.hint.as_deref().map(|hint| format!("{hint}\n")).unwrap_or_default();
    Ok(failure.hint(format!("{hint}your text is kept in {}", path.display())))
}
