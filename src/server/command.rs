//! The commands of `pxe-init-server`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use super::certs::{self, CertsCommand};
use super::flags::Flags;
use super::healthcheck::{self, HealthcheckArgs};
use super::tokens::{self, CreateToken};
use super::{Server, ServerError, Stop};
use crate::config::{Config, ConfigError, LogFormat};
use crate::error::with_causes;
use crate::man::{self, ManArgs};
use crate::store::{self, Store};
use crate::telemetry;

/// Exit code of a configuration that can not be used: EX_USAGE of sysexits(3).
const EX_USAGE: u8 = 64;

/// Decides what each machine boots that asks over the network.
#[derive(Parser, Debug)]
#[command(name = "pxe-init-server", version, max_term_width = 100)]
pub struct Cli {
    /// File of settings in TOML; `config show` prints one that could stand in it
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Answer machines over HTTP and operators over gRPC
    Serve(Box<Flags>),
    /// Bring the database to this version and end; `serve` does so by itself
    Migrate(Box<Flags>),
    /// Let somebody in
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    Healthcheck(Box<HealthcheckArgs>),
    /// Make certificates for TLS
    Certs {
        #[command(subcommand)]
        command: CertsCommand,
    },
    /// Look at the configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    Man(ManArgs),
}

#[derive(Subcommand, Debug)]
enum TokenCommand {
    /// Make a token in the database itself, such as the first one; a server that runs knows it within seconds
    Create {
        #[command(flatten)]
        token: CreateToken,
        #[command(flatten)]
        flags: Box<Flags>,
    },
}

#[derive(Subcommand, Debug)]
enum ConfigCommand {
    /// Say whether the configuration can be used
    Check(Box<Flags>),
    /// Print the settings in force, secrets masked
    Show(Box<Flags>),
    /// Print every setting with its default and its meaning
    Defaults,
}

/// The grammar of the command line, for its reference.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Does what the command line says.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the command line")]
pub async fn run(cli: Cli) -> ExitCode {
    let file = cli.config.as_deref();
    let result = match cli.command {
        Command::Serve(flags) => with_config(file, *flags, async |config| serve(&config).await).await,
        Command::Migrate(flags) => with_config(file, *flags, async |config| migrate(&config).await).await,
        Command::Token { command: TokenCommand::Create { token, flags } } => {
            with_config(file, *flags, async |config| tokens::create(&config, token).await).await
        }
        Command::Healthcheck(args) => {
            let (question, flags) = args.split();
            match load(file, flags) {
                Ok(config) => healthcheck::ask(&config, &question).map_err(Failure::Told),
                Err(error) => Err(Failure::Config(error)),
            }
        }
        Command::Man(args) => man::write(command(), &args).map_err(Failure::Told),
        Command::Certs { command } => certs::run(command).map_err(Failure::Server),
        Command::Config { command: ConfigCommand::Check(flags) } => {
            load(file, *flags).map(|_| println!("the configuration is valid")).map_err(Failure::Config)
        }
        Command::Config { command: ConfigCommand::Show(flags) } => {
            load(file, *flags).map(|config| print!("{}", config.shown())).map_err(Failure::Config)
        }
        Command::Config { command: ConfigCommand::Defaults } => {
            print!("{}", crate::config::DEFAULTS);
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Config(error)) => {
            eprintln!("error: configuration: {error}");
            ExitCode::from(EX_USAGE)
        }
        Err(Failure::Told(why)) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
        Err(Failure::Server(error)) => {
            eprintln!("error: {}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

enum Failure {
    Config(ConfigError),
    Server(ServerError),
    Told(String),
}

async fn with_config(
    file: Option<&Path>,
    flags: Flags,
    run: impl AsyncFnOnce(Config) -> Result<(), ServerError>,
) -> Result<(), Failure> {
    let config = load(file, flags).map_err(Failure::Config)?;
    run(config).await.map_err(Failure::Server)
}

fn load(file: Option<&Path>, flags: Flags) -> Result<Config, ConfigError> {
    let config = Config::load(file, std::env::vars_os().filter_map(unicode), flags.overrides())?;
    telemetry::check_filter(&config.log.filter)
        .map_err(|e| ConfigError::Value { key: "log.filter", problem: e.to_string() })?;
    Ok(config)
}

/// Variables that are no text are none of ours.
fn unicode((key, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    Some((key.into_string().ok()?, value.into_string().ok()?))
}

async fn serve(config: &Config) -> Result<(), ServerError> {
    telemetry::init_log(&config.log.filter, config.log.format == LogFormat::Json)?;
    let server = Server::start(config).await?;
    if let (Ok(http), Ok(grpc)) = (server.http_address(), server.grpc_address()) {
        let database = store::Options::new(config.database.url()).redacted_url();
        tracing::info!(%http, %grpc, database, version = env!("CARGO_PKG_VERSION"), "listening");
    }
    if config.grpc.insecure_management {
        let anybody =
            if config.grpc.is_open() { "whoever reaches" } else { "whoever on this computer reaches" };
        tracing::warn!(
            "--insecure-management: {anybody} {} is an admin without any credential: reads every secret and decides what \
             every machine boots",
            config.grpc.listen()
        );
    }
    let stop = Stop::new(config);
    let signals = tokio::spawn(stop.clone().on_signals());
    let result = server.serve(stop).await;
    signals.abort();
    tracing::info!("stopped");
    telemetry::flush_log();
    result
}

#[expect(clippy::print_stdout, reason = "this is the command line")]
async fn migrate(config: &Config) -> Result<(), ServerError> {
    let options = store::Options::new(config.database.url());
    let store = Store::connect(&options).await?;
    store.migrate().await?;
    println!(
        "the database {} is at the schema of version {}",
        options.redacted_url(),
        env!("CARGO_PKG_VERSION")
    );
    store.close().await;
    Ok(())
}
