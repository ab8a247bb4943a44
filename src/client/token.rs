//! `token`: who may call, and as what.

mod row;

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::failure::{Exit, Failure};
use super::print::{self, Format, Printer};
use super::session::Session;
use crate::domain::Lifetime;
use crate::proto::pxe_init as pb;

use row::{Created, Token, Who};

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub(super) enum TokenVerb {
    Create(CreateArgs),
    List(ListArgs),
    Revoke(RevokeArgs),
}

/// Make a token, and print it: it is shown this once
///
/// Whoever holds it may do what its role allows. A viewer reads; an operator also changes images, templates, machines and
/// rules; an admin also makes tokens and reads secrets.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  pxe-init-client token create ci --role operator --expires 30d --out ci.token
  PXE_INIT_TOKEN_FILE=ci.token pxe-init-client whoami")]
pub(super) struct CreateArgs {
    /// What it is for; changes that are made with it are recorded under this name
    name: String,
    /// What its holder may do
    #[arg(long, value_name = "ROLE", value_parser = ["viewer", "operator", "admin"])]
    role: String,
    /// Let its holder read params that are declared secret, as an admin always may
    #[arg(long)]
    secrets: bool,
    /// How long it is in force: a number with s, m, h or d, such as 12h or 30d; or never for no end
    #[arg(long, value_name = "TIME", default_value = "90d")]
    expires: Lifetime,
    /// Write it to this file, which only you can read, instead of printing it
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    out: Option<PathBuf>,
}

/// List tokens: those in force, by name
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Also those that expired or were revoked
    #[arg(long)]
    all: bool,
}

/// Revoke tokens: this server refuses them at once, others on the same database within seconds
#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// Their names
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

/// Runs a verb.
pub(super) async fn run(session: &Session, verb: TokenVerb) -> Result<Exit, Failure> {
    match verb {
        TokenVerb::Create(args) => create(session, args).await,
        TokenVerb::List(args) => list(session, &args).await,
        TokenVerb::Revoke(args) => revoke(session, args).await,
    }
}

/// Says who the server takes the caller for.
pub(super) async fn whoami(session: &Session) -> Result<Exit, Failure> {
    let who: Who = session.api.access().who_am_i(pb::WhoAmIRequest {}).await?.into_inner().into();
    match session.output.format() {
        Some(format) => print::record(format, &who)?,
        None => writeln!(io::stdout(), "{who}")?,
    }
    Ok(Exit::Ok)
}

async fn create(session: &Session, args: CreateArgs) -> Result<Exit, Failure> {
    let CreateArgs { name, role, secrets, expires, out } = args;
    let expires_in_seconds = expires.0.map_or(0, |lasts| lasts.as_secs());
    // Before there is a token that nobody can have.
    let file = out.as_deref().map(private).transpose()?;
    let request = pb::CreateTokenRequest { name, role, secrets, expires_in_seconds };
    let answer = match session.api.access().create_token(request).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => {
            if let Some(out) = &out {
                // It is empty, and of no use.
                let _ = std::fs::remove_file(out);
            }
            return Err(status.into());
        }
    };
    let created = Created::new(answer.token.unwrap_or_default(), answer.bearer);
    let until = match created.token.expires.as_deref() {
        Some(expires) => format!("until {expires}"),
        None => "without end".to_owned(),
    };
    let Token { name, role, .. } = &created.token;
    match (file, &out) {
        (Some(mut file), Some(out)) => {
            writeln!(file, "{}", created.bearer)?;
            session.say(format_args!("token {name} ({role}) is in {}, in force {until}", out.display()));
        }
        _ => {
            match session.output.format() {
                Some(format @ (Format::Json | Format::Yaml)) => print::record(format, &created)?,
                // Whoever asks for a name would never see it again.
                Some(Format::Name) | None => writeln!(io::stdout(), "{}", created.bearer)?,
            }
            session.say(format_args!("token {name} ({role}) is in force {until}; it is shown this once"));
        }
    }
    Ok(Exit::Ok)
}

async fn list(session: &Session, args: &ListArgs) -> Result<Exit, Failure> {
    let request = pb::ListTokensRequest { all: args.all };
    let answer = session.api.access().list_tokens(request).await?.into_inner();
    let rows: Vec<_> = answer.tokens.into_iter().map(Token::from).collect();
    let mut printer = Printer::new(session.output);
    printer.page(&rows)?;
    printer.finish()?;
    if rows.is_empty() {
        session.say("there is no token");
    }
    Ok(Exit::Ok)
}

async fn revoke(session: &Session, args: RevokeArgs) -> Result<Exit, Failure> {
    let mut exit = Exit::Ok;
    for name in args.names {
        match session.api.access().revoke_token(pb::RevokeTokenRequest { name: name.clone() }).await {
            Ok(_) => session.report(format_args!("token/{name} revoked"))?,
            Err(status) => exit = exit.max(session.survive(status.into())?),
        }
    }
    Ok(exit)
}

/// A new file that only its owner can read.
fn private(path: &Path) -> Result<std::fs::File, Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    opened.map_err(|e| match e.kind() {
        io::ErrorKind::AlreadyExists => Failure::new(
            Exit::Refused,
            format!("{} exists already; remove it, or name another file", path.display()),
        ),
        _ => Failure::new(Exit::Other, format!("{}: {e}", path.display())),
    })
}
