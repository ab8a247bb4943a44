//! `NOUN get`.

use crate::client::cli::GetArgs;
use crate::client::failure::{Exit, Failure};
use crate::client::print::{self, Printer};
use crate::client::resource::Resource;
use crate::client::session::Session;

/// Prints those of these names; tells which are missing.
pub(in crate::client) async fn get<T: Resource>(session: &Session, args: GetArgs) -> Result<Exit, Failure> {
    if let [name] = args.names.as_slice() {
        let row = T::get(&session.api, name).await?;
        match session.output.format() {
            None => Printer::new(session.output).page(&[row])?,
            Some(format) => print::record(format, &row)?,
        }
        return Ok(Exit::Ok);
    }
    let (mut rows, mut exit) = (Vec::new(), Exit::Ok);
    for name in &args.names {
        match T::get(&session.api, name).await {
            Ok(row) => rows.push(row),
            Err(failure) => exit = exit.max(session.survive(failure)?),
        }
    }
    let mut printer = Printer::new(session.output);
    printer.page(&rows)?;
    printer.finish()?;
    Ok(exit)
}
