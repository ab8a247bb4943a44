//! `machine accept` and `machine arm`.

use clap::Args;

use crate::client::failure::{Exit, Failure};
use crate::client::session::Session;
use crate::client::verbs::{Report, Reporter};
use crate::domain::Noun;
use crate::proto::pxe_init as pb;

/// Accept machines: documents that are protected with `accept` are given to them from now on
///
/// A machine that is registered again with other identities has to be accepted again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client machine accept web-1 -m 'seen in rack 12'
  pxe-init-client machine accept web-1 --revoke")]
pub(in crate::client) struct AcceptArgs {
    /// Their names
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Take it back
    #[arg(long)]
    revoke: bool,
    #[command(flatten)]
    write: StateArgs,
}

/// Arm machines for one installation: the next boot that asks for a protected document begins it
///
/// It is for machines whose image or rule is protected with `arm`: they boot their local disk before, and again once the
/// installation began.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client machine arm web-1 -m 'install it anew'
  pxe-init-client machine arm web-1 --disarm")]
pub(in crate::client) struct ArmArgs {
    /// Their names
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Take it back; an installation that began goes on no further
    #[arg(long)]
    disarm: bool,
    #[command(flatten)]
    write: StateArgs,
}

#[derive(Debug, Args)]
struct StateArgs {
    /// Check everything, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Why, for the history
    #[arg(short, long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    message: String,
}

pub(super) async fn accept(session: &Session, args: AcceptArgs) -> Result<Exit, Failure> {
    let AcceptArgs { names, revoke, write: StateArgs { dry_run, message } } = args;
    each(session, names, dry_run, async |name| {
        let request = pb::AcceptMachineRequest { name, revoke, dry_run, message: message.clone() };
        Ok(session.api.machines().accept_machine(request).await?.into_inner().result)
    })
    .await
}

pub(super) async fn arm(session: &Session, args: ArmArgs) -> Result<Exit, Failure> {
    let ArmArgs { names, disarm, write: StateArgs { dry_run, message } } = args;
    each(session, names, dry_run, async |name| {
        let request = pb::ArmMachineRequest { name, disarm, dry_run, message: message.clone() };
        Ok(session.api.machines().arm_machine(request).await?.into_inner().result)
    })
    .await
}

async fn each(
    session: &Session,
    names: Vec<String>,
    dry_run: bool,
    write: impl AsyncFn(String) -> Result<Option<pb::WriteResult>, Failure>,
) -> Result<Exit, Failure> {
    let mut reporter = Reporter::new(session, names.len());
    let mut exit = Exit::Ok;
    for name in names {
        match write(name.clone()).await {
            Ok(result) => reporter.add(&Report::new(Noun::Machine, &name, dry_run, result.into()))?,
            Err(failure) => exit = exit.max(session.survive(failure)?),
        }
    }
    reporter.finish()?;
    Ok(exit)
}
