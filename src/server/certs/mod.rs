//! `certs`: a CA and certificates for a first secure start.
//!
//! A site that has a CA uses that; this is for one that has none yet.

mod make;

use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{ServerError, clock, private_file};
use crate::domain::Name;
use make::{Authority, Pair};

/// The name of this computer, as others on its network may know it.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// What can be done with certificates.
#[derive(Subcommand, Debug)]
pub(super) enum CertsCommand {
    Init(InitArgs),
    Client(ClientArgs),
}

/// Make a CA, a certificate of the server, one of its admin, and a configuration that uses them
#[derive(Args, Debug)]
pub(super) struct InitArgs {
    /// Directory to make them in; nothing in it is overwritten
    #[arg(long, value_name = "DIR", default_value = "certs")]
    dir: PathBuf,
    /// Name or address that clients reach the server under, beside localhost and the name of this computer; repeat for several
    #[arg(long = "host", value_name = "NAME|IP")]
    hosts: Vec<String>,
}

/// Make a certificate of a client with the CA that `certs init` made
#[derive(Args, Debug)]
pub(super) struct ClientArgs {
    /// Its common name, by which management.identities gives it a role
    name: Name,
    /// Directory of the CA, where the certificate goes too
    #[arg(long, value_name = "DIR", default_value = "certs")]
    dir: PathBuf,
}

/// Does it.
pub(super) fn run(command: CertsCommand) -> Result<(), ServerError> {
    match command {
        CertsCommand::Init(args) => init(args),
        CertsCommand::Client(args) => client(&args),
    }
}

#[expect(clippy::print_stdout, reason = "this is the command line")]
fn init(args: InitArgs) -> Result<(), ServerError> {
    let InitArgs { dir, hosts } = args;
    let hosts = with_own(hosts);
    let (authority, ca) = Authority::new(clock::system_clock()())?;
    let (server, admin) = (authority.server(&hosts)?, authority.client("admin")?);
    DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(|e| told(&dir, &e))?;
    let dir = dir.canonicalize().map_err(|e| told(&dir, &e))?;
    let text = |name: &str| dir.join(name).display().to_string();
    let config = format!(
        "# Made by `pxe-init-server certs init`: TLS for the management API, and who may use it.\n\n\
         [grpc]\naddress = \"0.0.0.0\"\n\n\
         [grpc.tls]\ncert = {:?}\nkey = {:?}\nclient_ca = {:?}\n\n\
         [management]\nanonymous = \"never\"\nidentities = [{{ name = \"admin\", role = \"admin\" }}]\n",
        text("server.pem"),
        text("server.key"),
        text("ca.pem"),
    );
    write_all(
        &dir,
        &[
            ("ca.key", &ca.key),
            ("ca.pem", &ca.certificate),
            ("server.key", &server.key),
            ("server.pem", &server.certificate),
            ("admin.key", &admin.key),
            ("admin.pem", &admin.certificate),
            ("server.toml", &config),
        ],
    )?;
    let place = dir.display();
    println!(
        "{place} has a CA, a certificate of the server for {}, and one of its admin.\n\n\
         Start the server with them:\n  pxe-init-server --config {place}/server.toml serve\n\n\
         Call it from here, or from elsewhere with copies of ca.pem, admin.pem and admin.key:\n  \
         pxe-init-client --grpc-endpoint grpcs://{} --ca {place}/ca.pem --cert {place}/admin.pem --key \
         {place}/admin.key whoami\n\n\
         Whoever has ca.key can make certificates for anybody: keep it where the server is not. It is needed for the next\n\
         certificate only (`pxe-init-server certs client NAME`).",
        hosts.join(", "),
        hosts[0],
    );
    Ok(())
}

#[expect(clippy::print_stdout, reason = "this is the command line")]
fn client(args: &ClientArgs) -> Result<(), ServerError> {
    let ClientArgs { name, dir } = args;
    let read = |file: &str| {
        let path = dir.join(file);
        fs::read_to_string(&path).map_err(|e| told(&path, &e))
    };
    let authority = Authority::of(&read("ca.pem")?, &read("ca.key")?, clock::system_clock()())?;
    let Pair { certificate, key } = authority.client(name.as_str())?;
    write_all(dir, &[(&format!("{name}.key"), &key), (&format!("{name}.pem"), &certificate)])?;
    println!(
        "{0}/{name}.pem and {0}/{name}.key are made. Give the name a role in the server's configuration:\n\n\
         [management]\nidentities = [{{ name = \"{name}\", role = \"operator\" }}]",
        dir.display()
    );
    Ok(())
}

/// All of the files or none: where one of them exists, nothing is written.
fn write_all(dir: &Path, files: &[(&str, &str)]) -> Result<(), ServerError> {
    if let Some((name, _)) = files.iter().find(|(name, _)| dir.join(name).symlink_metadata().is_ok()) {
        let problem = io::Error::other("exists already; remove it, or name another directory with --dir");
        return Err(told(&dir.join(name), &problem));
    }
    for (at, (name, text)) in files.iter().enumerate() {
        let path = dir.join(name);
        let written = private_file::create(&path).and_then(|mut file| {
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", path.display())))
        });
        if let Err(error) = written {
            for (name, _) in &files[..=at] {
                // What was begun here is of no use without the rest.
                let _ = fs::remove_file(dir.join(name));
            }
            return Err(ServerError::File(error));
        }
    }
    Ok(())
}

/// What was asked for first, then what everybody reaches the server under who is on this computer.
fn with_own(mut hosts: Vec<String>) -> Vec<String> {
    let own = fs::read_to_string(HOST_NAME).unwrap_or_default();
    let own = [own.trim().to_owned(), "localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    for host in own {
        if !host.is_empty() && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts
}

fn told(path: &Path, error: &io::Error) -> ServerError {
    ServerError::File(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}
