//! `pxe-init-server secrets`: keys, and what is encrypted with them.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{ServerError, settings};
use crate::config::Config;
use crate::seal::Keys;
use crate::store::{Options, Resealed, Store};

/// Makes a file with a new key.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(super) fn init(file: &Path) -> Result<(), ServerError> {
    let line = Keys::new_line().map_err(|_| ServerError::Randomness)?;
    let failed = |source| ServerError::KeyFile { file: file.display().to_string(), source };
    let mut options = OpenOptions::new();
    // One that is there has keys that somebody may need.
    let mut written = options.write(true).create_new(true).mode(0o600).open(file).map_err(failed)?;
    writeln!(written, "# Keys of pxe-init, NAME KEY: the first is for writing, all are for reading.\n{line}")
        .map_err(failed)?;
    written.sync_all().map_err(failed)?;
    println!("{} has a new key; keep a copy where the database's backups are not", file.display());
    Ok(())
}

/// Prints a line with a new key.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(super) fn new_key() -> Result<(), ServerError> {
    println!("{}", Keys::new_line().map_err(|_| ServerError::Randomness)?);
    Ok(())
}

/// Encrypts everything with the first key.
#[expect(clippy::print_stdout, reason = "this is the command line")]
pub(super) async fn rotate(config: &Config) -> Result<(), ServerError> {
    let keys = settings::keys(config)?;
    let Some(first) = keys.first().map(str::to_owned) else { return Err(ServerError::NoKey) };
    let store = Store::connect(&Options { keys, ..Options::new(config.database.url()) }).await?;
    store.migrate().await?;
    let Resealed { changed, unchanged } = store.reseal().await?;
    println!("encrypted {changed} values with the key {first}; {unchanged} were so already, or are empty");
    store.close().await;
    Ok(())
}
