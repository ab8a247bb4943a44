//! The database: by URL, or by the flags of the first system.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::choice::choice;
use super::{ConfigError, wrong};

/// What is encoded in a user, a password and a name: all but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What stands in the place of a secret.
const MASK: &str = "********";

/// Where the nouns are kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// A URL; empty for what the other keys say.
    pub url: String,
    /// Host of a Postgres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Its port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The name of the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The user's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The file that has the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// How the connection is protected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_mode: Option<SslMode>,
    /// The certificates of the CAs that the server's certificate may be signed by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_root_cert: Option<PathBuf>,
    /// The certificate by which we say who we are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_cert: Option<PathBuf>,
    /// Its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssl_key: Option<PathBuf>,
    /// The most connections at once, 1 to 100.
    pub max_connections: u32,
    /// Seconds to wait for the database, 1 to 60.
    pub timeout_seconds: u64,
}

choice! {
    /// How the connection to Postgres is protected (libpq, section "SSL Support").
    SslMode {
        /// Never by TLS.
        Disable = "disable",
        /// Without TLS if the server agrees, otherwise with it.
        Allow = "allow",
        /// With TLS if the server can, otherwise without.
        Prefer = "prefer",
        /// By TLS, whoever the server is.
        Require = "require",
        /// By TLS, to a server whose certificate a known CA has signed.
        VerifyCa = "verify-ca",
        /// The same, and the certificate names the host.
        VerifyFull = "verify-full",
    }
}

impl Database {
    /// The URL to connect to.
    pub fn url(&self) -> String {
        if !self.url.is_empty() {
            return self.url.clone();
        }
        if !self.has_parts() {
            return "sqlite://pxe-init.db?mode=rwc".to_owned();
        }
        let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
        let or = |value: &Option<String>, default: &str| value.clone().unwrap_or_else(|| default.to_owned());
        let password = self.password.as_deref().map(|p| format!(":{}", encode(p))).unwrap_or_default();
        let host = or(&self.host, "localhost");
        let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host };
        let file = |key: &str, file: &Option<PathBuf>| match file {
            Some(file) => format!("&{key}={}", encode(&file.to_string_lossy())),
            None => String::new(),
        };
        let files = [
            file("sslrootcert", &self.ssl_root_cert),
            file("sslcert", &self.ssl_cert),
            file("sslkey", &self.ssl_key),
        ]
        .concat();
        format!(
            "postgres://{user}{password}@{host}:{port}/{name}?sslmode={mode}{files}",
            user = encode(&or(&self.user, "pxe_init")),
            port = self.port.unwrap_or(5432),
            name = encode(&or(&self.name, "pxe_init")),
            mode = self.ssl_mode.unwrap_or(SslMode::Prefer).as_str(),
        )
    }

    /// The file of an SQLite database.
    pub(super) fn sqlite_file(&self) -> Option<PathBuf> {
        let url = self.url();
        let file = url.strip_prefix("sqlite:")?.trim_start_matches("//").split('?').next()?;
        Some(percent_decode_str(file).decode_utf8().ok()?.into_owned().into())
    }

    /// How long to wait for the database.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_seconds)
    }

    pub(super) fn masked(&self) -> Self {
        let mut masked = self.clone();
        if masked.password.is_some() {
            masked.password = Some(MASK.to_owned());
        }
        if let Some((user, rest)) = masked.url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@'))
            && let Some((user, _)) = user.split_once(':')
        {
            let scheme = masked.url.split("://").next().unwrap_or_default();
            masked.url = format!("{scheme}://{user}:{MASK}@{rest}");
        }
        if let Some((place, query)) = masked.url.split_once('?') {
            let hide = |pair: &str| match pair.split_once('=') {
                Some((key, _)) if key.eq_ignore_ascii_case("password") => format!("{key}={MASK}"),
                _ => pair.to_owned(),
            };
            let query: Vec<String> = query.split('&').map(hide).collect();
            masked.url = format!("{place}?{}", query.join("&"));
        }
        masked
    }

    /// Reads the password from its file.
    pub(super) fn read_password(&mut self) -> Result<(), ConfigError> {
        let Some(file) = &self.password_file else { return Ok(()) };
        if self.password.is_some() {
            return Err(wrong("database.password_file", "is given together with password; give one of them"));
        }
        let text = std::fs::read_to_string(file).map_err(|e| {
            wrong("database.password_file", format!("{} can not be read: {e}", file.display()))
        })?;
        // Editors end a file with a line end, and no password ends with one.
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() || text.contains('\n') {
            let problem = format!("{} is not one line with the password", file.display());
            return Err(wrong("database.password_file", problem));
        }
        self.password = Some(text.to_owned());
        Ok(())
    }

    fn check_ssl(&self) -> Result<(), ConfigError> {
        let given = [
            ("database.ssl_root_cert", &self.ssl_root_cert),
            ("database.ssl_cert", &self.ssl_cert),
            ("database.ssl_key", &self.ssl_key),
        ];
        let given = given.into_iter().filter_map(|(key, file)| Some((key, file.as_ref()?)));
        for (key, file) in given {
            if self.ssl_mode == Some(SslMode::Disable) {
                return Err(wrong(
                    key,
                    "is given, but database.ssl_mode is disable, which uses no certificate",
                ));
            }
            std::fs::File::open(file)
                .map_err(|e| wrong(key, format!("{} can not be read: {e}", file.display())))?;
        }
        match (&self.ssl_cert, &self.ssl_key) {
            (Some(_), None) => Err(wrong(
                "database.ssl_cert",
                "is given without database.ssl_key; give the key of the certificate too",
            )),
            (None, Some(_)) => Err(wrong(
                "database.ssl_key",
                "is given without database.ssl_cert; give the certificate of the key too",
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.check_ssl()?;
        if !self.url.is_empty() {
            if self.has_parts() {
                return Err(wrong(
                    "database.url",
                    "is given together with host, port, name, user, password or the ssl keys; give the URL or those",
                ));
            }
            let known = ["sqlite:", "postgres://", "postgresql://"];
            if !known.iter().any(|scheme| self.url.starts_with(scheme)) {
                return Err(wrong(
                    "database.url",
                    "is neither sqlite://FILE?mode=rwc nor postgres://USER:PASSWORD@HOST:PORT/NAME",
                ));
            }
            if let Some(file) = self.url.strip_prefix("sqlite:") {
                let file = file.split('?').next().unwrap_or_default().trim_start_matches('/');
                if file.is_empty() || file == ":memory:" || self.url.contains("mode=memory") {
                    return Err(wrong(
                        "database.url",
                        "names no file, so that everything would be lost with the process; write sqlite://FILE?mode=rwc",
                    ));
                }
            }
        }
        if self.port == Some(0) {
            return Err(wrong("database.port", "0 is no port of a database; Postgres has 5432"));
        }
        if !(1..=100).contains(&self.max_connections) {
            return Err(wrong(
                "database.max_connections",
                format!("{} is not between 1 and 100", self.max_connections),
            ));
        }
        if !(1..=60).contains(&self.timeout_seconds) {
            return Err(wrong(
                "database.timeout_seconds",
                format!("{} is not between 1 and 60", self.timeout_seconds),
            ));
        }
        Ok(())
    }

    fn has_parts(&self) -> bool {
        self.host.is_some()
            || self.port.is_some()
            || self.name.is_some()
            || self.user.is_some()
            || self.password.is_some()
            || self.password_file.is_some()
            || self.ssl_mode.is_some()
            || self.ssl_root_cert.is_some()
            || self.ssl_cert.is_some()
            || self.ssl_key.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> Database {
        Database {
            url: String::new(),
            host: None,
            port: None,
            name: None,
            user: None,
            password: None,
            password_file: None,
            ssl_mode: None,
            ssl_root_cert: None,
            ssl_cert: None,
            ssl_key: None,
            max_connections: 8,
            timeout_seconds: 5,
        }
    }

    #[test]
    fn any_part_selects_postgres() {
        assert_eq!(database().url(), "sqlite://pxe-init.db?mode=rwc");
        let port = Database { port: Some(5433), ..database() };
        assert_eq!(port.url(), "postgres://pxe_init@localhost:5433/pxe_init?sslmode=prefer");
        let all = Database {
            host: Some("fd00::1".into()),
            user: Some("a@b".into()),
            password: Some("p:/?#ä".into()),
            name: Some("n".into()),
            ssl_mode: Some(SslMode::VerifyFull),
            ..database()
        };
        assert_eq!(all.url(), "postgres://a%40b:p%3A%2F%3F%23%C3%A4@[fd00::1]:5432/n?sslmode=verify-full");
    }

    #[test]
    fn a_password_can_come_from_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = |text: &str| {
            let file = directory.path().join("password");
            std::fs::write(&file, text).unwrap();
            Database { password_file: Some(file), ..database() }
        };
        for text in ["p/w d", "p/w d\n", "p/w d\r\n"] {
            let mut read = file(text);
            read.read_password().unwrap();
            assert_eq!(read.url(), "postgres://pxe_init:p%2Fw%20d@localhost:5432/pxe_init?sslmode=prefer");
            assert_eq!(read.masked().password.as_deref(), Some(MASK));
        }
        for text in ["", "\n", "a\nb\n"] {
            let problem = file(text).read_password().unwrap_err().to_string();
            assert!(problem.ends_with("is not one line with the password"), "{problem}");
        }
        let both =
            Database { password: Some("x".into()), ..file("p") }.read_password().unwrap_err().to_string();
        assert!(both.contains("is given together with password"), "{both}");
        let none =
            Database { password_file: Some("/none".into()), ..database() }.read_password().unwrap_err();
        assert!(none.to_string().contains("/none can not be read"), "{none}");
    }

    #[test]
    fn certificates_go_together_and_must_be_there() {
        let here: PathBuf = file!().into();
        let cert = Database { ssl_cert: Some(here.clone()), ..database() };
        assert!(cert.check().unwrap_err().to_string().contains("without database.ssl_key"));
        let all = Database {
            ssl_mode: Some(SslMode::VerifyFull),
            ssl_root_cert: Some(here.clone()),
            ssl_key: Some(here.clone()),
            ..cert
        };
        all.check().unwrap();
        assert!(all.url().ends_with(
            "?sslmode=verify-full&sslrootcert=src%2Fconfig%2Fdatabase.rs&sslcert=src%2Fconfig%2Fdatabase.rs\
             &sslkey=src%2Fconfig%2Fdatabase.rs"
        ));
        let none = Database { ssl_root_cert: Some("/none".into()), ..database() };
        assert!(none.check().unwrap_err().to_string().contains("/none can not be read"));
        let disabled = Database { ssl_mode: Some(SslMode::Disable), ssl_root_cert: Some(here), ..database() };
        assert!(disabled.check().unwrap_err().to_string().contains("uses no certificate"));
    }

    #[test]
    fn a_password_in_a_url_is_masked() {
        let masked = |url: &str| Database { url: url.into(), ..database() }.masked().url;
        assert_eq!(masked("postgres://u:p@x@h/n"), "postgres://u:********@h/n");
        assert_eq!(masked("postgres://u@h/n"), "postgres://u@h/n");
        assert_eq!(masked("sqlite://a.db"), "sqlite://a.db");
        assert_eq!(
            masked("postgres://u@h/n?password=p&sslmode=disable"),
            "postgres://u@h/n?password=********&sslmode=disable"
        );
    }

    #[test]
    fn a_url_without_a_file_is_refused() {
        for url in ["sqlite://", "sqlite:", "sqlite::memory:", "sqlite://?mode=rwc", "sqlite://x?mode=memory"]
        {
            assert!(Database { url: url.into(), ..database() }.check().is_err(), "{url}");
        }
        for url in ["sqlite://a.db", "sqlite:a.db", "sqlite:///var/lib/a.db?mode=rwc", "postgres://h/n"] {
            assert!(Database { url: url.into(), ..database() }.check().is_ok(), "{url}");
        }
    }
}
