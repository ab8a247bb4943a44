//! Makes the first token, without a server: whoever can open the database is its admin anyway.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::{ServerError, chance, clock, private_file, store_options};
use crate::config::Config;
use crate::domain::{Actor, Lifetime, Name, Role};
use crate::service::{Bearer, NewToken};
use crate::store::Store;

/// What is to be made.
#[derive(Args, Debug)]
pub(super) struct CreateToken {
    /// What it is for; changes that are made with it are recorded under this name
    name: Name,
    /// What its holder may do: viewer, operator or admin
    #[arg(long)]
    role: Role,
    /// Let its holder read params that are declared secret, as an admin always may
    #[arg(long)]
    secrets: bool,
    /// How long it is in force: a number with s, m, h or d, such as 12h or 30d; or never for no end
    #[arg(long, value_name = "TIME", default_value = "90d")]
    expires: Lifetime,
    /// Write it to this file, which only you can read, instead of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Makes it, in the database of this configuration.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line")]
pub(super) async fn create(config: &Config, args: CreateToken) -> Result<(), ServerError> {
    let CreateToken { name, role, secrets, expires, out } = args;
    let bearer = Bearer::new(chance::random().map_err(ServerError::Random)?);
    // Before there is a token that nobody can have.
    let file = out.as_deref().map(private_file::create).transpose().map_err(ServerError::File)?;
    let actor = Actor { name: "pxe-init-server".to_owned(), origin: "local".to_owned() };
    let new = NewToken { name, role, secrets, lasts: expires.0 };
    let token = match store_it(config, new, &actor, &bearer).await {
        Ok(token) => token,
        Err(error) => {
            if let Some(out) = &out {
                // It is empty, and of no use.
                let _ = std::fs::remove_file(out);
            }
            return Err(error);
        }
    };
    match (file, out) {
        (Some(mut file), Some(out)) => {
            writeln!(file, "{}", bearer.reveal()).map_err(ServerError::File)?;
            eprintln!("token {} ({role}) is in {}", token.name, out.display());
        }
        _ => {
            println!("{}", bearer.reveal());
            eprintln!("token {} ({role}) is made; it is shown this once", token.name);
        }
    }
    Ok(())
}

async fn store_it(
    config: &Config,
    new: NewToken,
    actor: &Actor,
    bearer: &Bearer,
) -> Result<crate::domain::Token, ServerError> {
    let store = Store::connect(&store_options(config)).await?;
    // One that is there is migrated by `serve` or `migrate`, when somebody means to.
    if !store.has_schema().await? {
        store.migrate().await?;
    }
    let token = new.create(&store, actor, bearer, clock::system_clock()()).await;
    store.close().await;
    Ok(token?)
}
