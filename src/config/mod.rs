//! Configuration: embedded defaults, then a file, then the environment, then flags.

mod choice;
mod database;
mod management;
mod oidc;
mod secrets;
mod sections;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use database::{Database, SslMode};
pub use management::{Anonymous, ClientAuth, HttpTls, Identity, Management, Role, Tls};
pub use oidc::{Grant, Oidc};
pub use secrets::Secrets;
pub use sections::{
    Assets, Boot, Failure, Grpc, Http, Journal, Limits, Log, LogFormat, Snapshot, Traces, Unknown,
};

/// The defaults, which are also the reference of all settings.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// The prefix of environment variables: `PXE_INIT__HTTP__PORT` sets `http.port`.
const ENV_PREFIX: &str = "PXE_INIT";

/// All settings of the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What machines talk to.
    pub http: Http,
    /// What operators talk to.
    pub grpc: Grpc,
    /// Who may manage.
    pub management: Management,
    /// Where the nouns are kept.
    pub database: Database,
    /// What secrets are encrypted with.
    pub secrets: Secrets,
    /// What stands in for the database at a start.
    pub snapshot: Snapshot,
    /// Where image files are.
    pub assets: Assets,
    /// What machines get in doubt.
    pub boot: Boot,
    /// What rendering may cost.
    pub limits: Limits,
    /// What is kept of the answers to machines.
    pub journal: Journal,
    /// What is logged, and how.
    pub log: Log,
    /// Where traces go.
    pub traces: Traces,
}

/// Why the configuration can not be used; names the key, its value and where it came from.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A source can not be read, a key is unknown, or a value is of the wrong type.
    #[error("{from}: {problem}")]
    Source {
        /// Where it comes from.
        from: String,
        /// What is wrong; names the key.
        problem: config::ConfigError,
    },
    /// A variable that is meant for us, and that we would not see.
    #[error("{name}: {problem}")]
    Variable {
        /// The variable.
        name: String,
        /// What would be right.
        problem: String,
    },
    /// A value is of the right type and still wrong.
    #[error("{key}: {problem}")]
    Value {
        /// The key, such as `http.base_url`.
        key: &'static str,
        /// What is wrong, and what would be right.
        problem: String,
    },
}

/// A setting given by a flag: its key and its value.
pub type Override = (&'static str, config::Value);

impl Config {
    /// Loads the configuration, and checks every value.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: Vec<Override>,
    ) -> Result<Self, ConfigError> {
        let environment: Vec<_> = environment.into_iter().collect();
        check_spelling(&environment)?;
        let environment = config::Environment::with_prefix(ENV_PREFIX)
            .separator("__")
            .prefix_separator("__")
            .source(Some(environment.into_iter().collect()));
        let defaults = config::File::from_str(DEFAULTS, config::FileFormat::Toml);
        // Read after each source, so that an error can say which one is wrong.
        let mut sources = config::Config::builder().add_source(defaults);
        if let Some(path) = file {
            sources = sources.add_source(config::File::from(path).format(config::FileFormat::Toml));
            read(&sources, &path.display().to_string())?;
        }
        sources = sources.add_source(environment);
        read(&sources, "the environment (PXE_INIT__SECTION__KEY)")?;
        for (key, value) in flags {
            let wrong = |problem| ConfigError::Source { from: key.to_owned(), problem };
            sources = sources.set_override(key, value).map_err(wrong)?;
        }
        let mut config = read(&sources, "the command line")?;
        config.database.read_password()?;
        config.secrets.read()?;
        config.http.check()?;
        config.grpc.check()?;
        config.management.check()?;
        config.database.check()?;
        config.assets.check()?;
        config.boot.check()?;
        config.limits.check()?;
        config.journal.check()?;
        config.traces.check()?;
        Ok(config)
    }

    /// The snapshot file, if there is to be one. A relative path is one beside the SQLite database, where that is what is
    /// used.
    pub fn snapshot_file(&self) -> Option<PathBuf> {
        let file = &self.snapshot.file;
        if file.as_os_str().is_empty() {
            return None;
        }
        let database = self.database.sqlite_file();
        Some(
            database
                .as_deref()
                .and_then(Path::parent)
                .map_or_else(|| file.clone(), |directory| directory.join(file)),
        )
    }

    /// The settings as TOML, with secrets masked.
    pub fn shown(&self) -> String {
        let masked =
            Self { database: self.database.masked(), secrets: self.secrets.masked(), ..self.clone() };
        toml::to_string(&masked).unwrap_or_else(|e| format!("# {e}\n"))
    }
}

/// `PXE_INIT_HTTP__PORT`, with one underscore too few, would be ignored without a word. Others that begin so, such as
/// those that Kubernetes sets for a service of our name, have no two underscores.
fn check_spelling(environment: &[(String, String)]) -> Result<(), ConfigError> {
    for (name, _) in environment {
        let Some(rest) = name.strip_prefix(ENV_PREFIX).and_then(|rest| rest.strip_prefix('_')) else {
            continue;
        };
        if !rest.starts_with('_') && rest.contains("__") {
            let problem = format!("no setting is spelt so; write {ENV_PREFIX}__{rest}");
            return Err(ConfigError::Variable { name: name.clone(), problem });
        }
    }
    Ok(())
}

type Sources = config::ConfigBuilder<config::builder::DefaultState>;

/// What the sources so far come to; `last` is blamed for what is wrong.
fn read(sources: &Sources, last: &str) -> Result<Config, ConfigError> {
    let read = sources.build_cloned().and_then(config::Config::try_deserialize);
    read.map_err(|problem| ConfigError::Source { from: last.to_owned(), problem })
}

fn wrong(key: &'static str, problem: impl Into<String>) -> ConfigError {
    ConfigError::Value { key, problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn load(file: &str, environment: &[(&str, &str)], flags: Vec<Override>) -> Result<Config, String> {
        let mut named = tempfile::Builder::new().prefix("pxe-init").suffix(".toml").tempfile().unwrap();
        named.write_all(file.as_bytes()).unwrap();
        let environment = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Config::load(Some(named.path()), environment, flags).map_err(|e| e.to_string())
    }

    #[test]
    fn a_variable_that_would_be_ignored_is_refused() {
        let of = |name: &str| load("", &[(name, "1")], Vec::new()).map(drop);
        let told = "PXE_INIT_HTTP__PORT: no setting is spelt so; write PXE_INIT__HTTP__PORT";
        assert_eq!(of("PXE_INIT_HTTP__PORT"), Err(told.to_owned()));
        for others in
            ["PXE_INIT_PORT", "PXE_INIT_SERVICE_HOST", "PXE_INIT_ENDPOINT", "PXE_INITIAL__X", "PATH"]
        {
            assert_eq!(of(others), Ok(()), "{others}");
        }
    }

    #[test]
    fn later_sources_win() {
        let file = "[http]\nport = 81\naddress = \"127.0.0.1\"\n[boot]\nhold_seconds = 3\n";
        let environment = [
            ("PXE_INIT__HTTP__PORT", "82"),
            ("PXE_INIT__BOOT__HOLD_SECONDS", "4"),
            ("PXE_INIT_PORT", "tcp://x"),
        ];
        let config = load(file, &environment, vec![("http.port", 83.into())]).unwrap();
        assert_eq!((config.http.port, config.boot.hold_seconds), (83, 4));
        assert_eq!(config.http.address.to_string(), "127.0.0.1");
        assert_eq!(config.grpc.port, 5000);
    }

    #[test]
    fn errors_name_key_and_source() {
        let of = |file: &str, environment: &[(&str, &str)]| load(file, environment, Vec::new()).unwrap_err();
        let all = [
            of("[http]\nprot = 81\n", &[]),
            of("[htpt]\nport = 81\n", &[]),
            of("[http]\nport = \"x\"\n", &[]),
            of("[http]\nport = 99999\n", &[]),
            of("[http\n", &[]),
            of("", &[("PXE_INIT__HTTP__PROT", "1")]),
            of("", &[("PXE_INIT__BOOT__UNKNOWN", "maybe")]),
            of("[http]\nbase_url = \"boot\"\n", &[]),
            of("[grpc]\naddress = \"0.0.0.0\"\n", &[]),
            of("[grpc.tls]\ncert = \"a.pem\"\n", &[]),
            of("[grpc.tls]\nclient_ca = \"a.pem\"\n", &[]),
            of("[management]\nidentities = [{ name = \"a\", role = \"root\" }]\n", &[]),
            of("[management]\nidentities = [{ name = \"a b\", role = \"admin\" }]\n", &[]),
            of("[management.oidc]\naudience = \"x\"\n", &[]),
            of("[management.oidc]\nissuer = \"https://id\"\n", &[]),
            of("[management.oidc]\nissuer = \"https://id\"\naudience = \"x\"\n", &[]),
            of("[management.oidc]\nissuer = \"id\"\naudience = \"x\"\n", &[]),
            of("[management.oidc]\nissuer = \"id\"\naudience = \"x\"\njwks_url = \"http://id/keys\"\n", &[]),
            of("[database]\nurl = \"mysql://x\"\n", &[]),
            of("[database]\nurl = \"sqlite://x\"\nhost = \"db\"\n", &[]),
            of("[assets]\nforward_server = \"ftp://x\"\n", &[]),
            of("[traces]\nendpoint = \"https://collector:4317\"\n", &[]),
            of("[traces]\nendpoint = \"collector:4317\"\n", &[]),
            of("[traces]\nsample = 5.0\n", &[]),
        ];
        insta::with_settings!({ filters => [(r"\S*/pxe-init\S+\.toml", "FILE")] }, {
            insta::assert_snapshot!(all.join("\n"));
        });
    }

    #[test]
    fn what_is_shown_has_no_password() {
        let by_key = load("[database]\npassword = \"hunter2\"\n", &[], Vec::new()).unwrap();
        let by_url = load("[database]\nurl = \"postgres://u:hunter2@h/n\"\n", &[], Vec::new()).unwrap();
        for config in [by_key, by_url] {
            let shown = config.shown();
            assert!(!shown.contains("hunter2") && shown.contains("********"), "{shown}");
        }
        insta::assert_snapshot!(load("", &[], Vec::new()).unwrap().shown());
    }
}
