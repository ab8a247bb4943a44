//! What can be done with every noun.

mod delete;
mod edit;
mod get;
mod list;
mod register;
mod report;

use super::cli::{Declare, Verb};
use super::failure::{Exit, Failure};
use super::resource::Resource;
use super::session::Session;
use super::stored::{Plain, Stored};

pub(super) use delete::delete;
pub(super) use edit::edit;
pub(super) use get::get;
pub(super) use list::list;
pub(super) use report::{Report, Reporter, outcome_word, report};

/// Runs a verb on images, machines or rules.
pub(super) async fn run<R, T>(session: &mut Session, verb: Verb<R>) -> Result<Exit, Failure>
where
    R: Declare<Resource = Stored<T>>,
    T: Plain,
    Stored<T>: Resource,
{
    match verb {
        Verb::List(args) => list::<R::Resource>(session, args).await,
        Verb::Get(args) => get::<R::Resource>(session, args).await,
        Verb::Register(args) => register::register(session, args).await,
        Verb::Edit(args) => edit::<R::Resource>(session, &args.name, args.write()).await,
        Verb::Delete(args) => delete::<R::Resource>(session, args).await,
    }
}
