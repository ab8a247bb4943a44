//! The flags of `serve`, and the settings that they stand for.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use crate::config::{Override, SslMode};

/// Flags that win over the environment and the configuration file.
#[derive(Args, Debug, Default)]
pub(super) struct Flags {
    /// Address that machines ask [default: 0.0.0.0]
    #[arg(long, value_name = "IP", help_heading = "Machines")]
    http_address: Option<IpAddr>,
    /// Port that machines ask; 0 takes any that is free [default: 8080]
    #[arg(long, value_name = "PORT", help_heading = "Machines")]
    http_port: Option<u16>,
    /// Base of the URLs in documents; without it, the host that the machine's request names
    #[arg(long, value_name = "URL", help_heading = "Machines")]
    base_url: Option<String>,
    /// Directory to serve under /assets; relative paths of images lead there
    #[arg(long, value_name = "DIR", help_heading = "Machines")]
    assets_dir: Option<PathBuf>,
    /// Base of relative image paths where no directory is served: the forward server
    #[arg(long, value_name = "URL", help_heading = "Machines")]
    pxe_forward_server: Option<String>,
    /// What a machine gets that nothing matches: hold it until it is registered, or 404 [default: hold]
    #[arg(long, value_name = "hold|404", help_heading = "Machines")]
    unknown: Option<String>,

    /// Address that operators ask [default: 127.0.0.1]
    #[arg(long, value_name = "IP", help_heading = "Operators")]
    grpc_address: Option<IpAddr>,
    /// Port that operators ask; 0 takes any that is free [default: 5000]
    #[arg(long, value_name = "PORT", help_heading = "Operators")]
    grpc_port: Option<u16>,
    /// Let anybody who reaches --grpc-address decide what machines boot
    #[arg(long, help_heading = "Operators")]
    insecure_management: bool,
    /// Certificate of the management API, in PEM; any address but loopback takes one
    #[arg(long, value_name = "FILE", help_heading = "Operators")]
    grpc_tls_cert: Option<PathBuf>,
    /// Its private key
    #[arg(long, value_name = "FILE", help_heading = "Operators")]
    grpc_tls_key: Option<PathBuf>,
    /// CA of the certificates of clients
    #[arg(long, value_name = "FILE", help_heading = "Operators")]
    grpc_tls_client_ca: Option<PathBuf>,

    /// sqlite://FILE?mode=rwc or postgres://USER:PASSWORD@HOST:PORT/NAME [default: sqlite://pxe-init.db?mode=rwc]
    #[arg(long, value_name = "URL", help_heading = "Database")]
    database_url: Option<String>,
    /// Host of a Postgres; like each of the flags below it selects Postgres [default: localhost]
    #[arg(long, value_name = "HOST", help_heading = "Database")]
    db_host: Option<String>,
    /// Port of the Postgres [default: 5432]
    #[arg(long, value_name = "PORT", help_heading = "Database")]
    db_port: Option<u16>,
    /// Name of the database [default: pxe_init]
    #[arg(long, value_name = "NAME", help_heading = "Database")]
    db_name: Option<String>,
    /// User of the database [default: pxe_init]
    #[arg(long, value_name = "USER", help_heading = "Database")]
    db_user: Option<String>,
    /// Password of the user; PXE_INIT__DATABASE__PASSWORD keeps it out of the process list
    #[arg(long, value_name = "PASSWORD", help_heading = "Database")]
    db_password: Option<String>,
    /// disable, allow, prefer, require, verify-ca or verify-full [default: prefer]
    #[arg(long, value_name = "MODE", help_heading = "Database")]
    db_ssl_mode: Option<SslMode>,

    /// File that the server starts from while the database is away; "" for none [default: pxe-init.snapshot]
    #[arg(long, value_name = "FILE", help_heading = "Database")]
    snapshot_file: Option<PathBuf>,

    /// text for people, json for machines [default: text]
    #[arg(long, value_name = "text|json", help_heading = "Log")]
    log_format: Option<String>,
    /// A level (error, warn, info, debug, trace) or directives [default: info]
    #[arg(long, value_name = "FILTER", help_heading = "Log")]
    log: Option<String>,
}

impl Flags {
    /// The settings that were given.
    pub(super) fn overrides(self) -> Vec<Override> {
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let mut given: Vec<Override> = Vec::new();
        let mut text = |key, value: Option<String>| given.extend(value.map(|value| (key, value.into())));
        text("http.address", self.http_address.map(|address| address.to_string()));
        text("http.base_url", self.base_url);
        text("assets.dir", self.assets_dir.map(path));
        text("assets.forward_server", self.pxe_forward_server);
        text("boot.unknown", self.unknown);
        text("grpc.address", self.grpc_address.map(|address| address.to_string()));
        text("grpc.tls.cert", self.grpc_tls_cert.map(path));
        text("grpc.tls.key", self.grpc_tls_key.map(path));
        text("grpc.tls.client_ca", self.grpc_tls_client_ca.map(path));
        text("database.url", self.database_url);
        text("database.host", self.db_host);
        text("database.name", self.db_name);
        text("database.user", self.db_user);
        text("database.password", self.db_password);
        text("database.ssl_mode", self.db_ssl_mode.map(|mode| mode.as_str().to_owned()));
        text("snapshot.file", self.snapshot_file.map(path));
        text("log.format", self.log_format);
        text("log.filter", self.log);
        let ports =
            [("http.port", self.http_port), ("grpc.port", self.grpc_port), ("database.port", self.db_port)];
        given.extend(ports.into_iter().filter_map(|(key, port)| Some((key, port?.into()))));
        if self.insecure_management {
            given.push(("grpc.insecure_management", true.into()));
        }
        given
    }
}
