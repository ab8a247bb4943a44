//! `NOUN register`.

use super::report::{Report, Reporter};
use crate::client::cli::Declare;
use crate::client::document::read_file;
use crate::client::failure::{Exit, Failure};
use crate::client::resource::Resource;
use crate::client::session::Session;
use crate::client::stored::{Plain, Stored};
use crate::manifest::Place;

/// Registers what the options declare, or what stands in a file.
pub(super) async fn register<R, T>(session: &Session, args: R) -> Result<Exit, Failure>
where
    R: Declare<Resource = Stored<T>>,
    T: Plain,
    Stored<T>: Resource,
{
    let write = args.write().write();
    let resources = declared(args)?;
    if write.base_revision != 0 && resources.len() != 1 {
        return Err(Failure::new(Exit::Usage, "--base-revision goes with one document only"));
    }
    let mut reporter = Reporter::new(session, resources.len());
    let mut exit = Exit::Ok;
    for resource in resources {
        let name = resource.name().to_owned();
        match resource.register(&session.api, &write).await {
            Ok(written) => reporter.add(&Report::new(T::NOUN, &name, write.dry_run, written))?,
            Err(failure) => {
                let message = format!("{} {name}: {}", T::NOUN, failure.message);
                exit = exit.max(session.survive(Failure { message, ..failure })?);
            }
        }
    }
    reporter.finish()?;
    Ok(exit)
}

fn declared<R, T>(args: R) -> Result<Vec<Stored<T>>, Failure>
where
    R: Declare<Resource = Stored<T>>,
    T: Plain,
    Stored<T>: Resource,
{
    let (name, file) = (args.target().name.clone(), args.target().file.clone());
    let Some(file) = file else {
        return args.declare(name.unwrap_or_default()).map(|resource| vec![resource]);
    };
    let resources = Stored::parse(&read_file(&file)?, &file)?;
    if resources.is_empty() {
        return Err(Failure::new(
            Exit::Refused,
            format!("{}: there is no {} in it", Place::of_file(&file), T::NOUN),
        ));
    }
    match (name, resources.as_slice()) {
        (None, _) => Ok(resources),
        (Some(name), [resource]) if resource.name() == name => Ok(resources),
        (Some(name), [resource]) => {
            let declared = resource.name();
            Err(Failure::new(Exit::Usage, format!("the file declares {declared:?}, not {name:?}")))
        }
        (Some(_), _) => Err(Failure::new(Exit::Usage, "a file with a list takes no name beside it")),
    }
}
