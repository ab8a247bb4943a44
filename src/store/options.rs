//! How to reach a database.

use std::fmt;
use std::time::Duration;

use crate::seal::Keys;

/// How to reach a database, and how long to wait for it.
#[derive(Clone)]
pub struct Options {
    /// `sqlite://FILE?mode=rwc` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=MODE&sslrootcert=FILE`.
    pub url: String,
    /// Whether a SQLite file that is not there may be created, if the URL says `mode=rwc` too.
    pub create: bool,
    /// The most connections at once.
    pub max_connections: u32,
    /// The longest wait for a connection, a lock, or the turn to write.
    pub acquire_timeout: Duration,
    /// The longest that one statement may take.
    pub statement_timeout: Duration,
    /// What secrets are sealed with.
    pub keys: Keys,
}

impl Options {
    /// The database at `url`, with limits that suit one server.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            create: true,
            max_connections: 8,
            acquire_timeout: Duration::from_secs(10),
            statement_timeout: Duration::from_secs(30),
            keys: Keys::default(),
        }
    }

    pub(super) fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    /// The URL with `***` for the password, fit for a log.
    pub fn redacted_url(&self) -> String {
        let Some((scheme, rest)) = self.url.split_once("://") else { return self.url.clone() };
        // The last @, since a password that somebody forgot to encode may contain others.
        let shown = match rest.rsplit_once('@') {
            Some((credentials, host)) => match credentials.split_once(':') {
                Some((user, _)) => format!("{user}:***@{host}"),
                None => rest.to_owned(),
            },
            None => rest.to_owned(),
        };
        let (path, query) = shown.split_once('?').unwrap_or((&shown, ""));
        let query: Vec<&str> = query
            .split('&')
            .map(|pair| if pair.starts_with("password=") { "password=***" } else { pair })
            .collect();
        let mark = if query == [""] { "" } else { "?" };
        format!("{scheme}://{path}{mark}{}", query.join("&"))
    }
}

impl Options {
    /// Which database it is, without user, password and the manner of reaching it: what stays the same when those change.
    pub fn place(&self) -> String {
        let shown = self.redacted_url();
        let (scheme, rest) = shown.split_once(':').unwrap_or(("", &shown));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let path = path.trim_start_matches("//");
        if scheme == "sqlite" {
            let file =
                std::path::absolute(path).map_or_else(|_| path.to_owned(), |file| file.display().to_string());
            return format!("sqlite:{file}");
        }
        let path = path.rsplit_once('@').map_or(path, |(_, path)| path);
        let part = |key: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(k, _)| *k == key)
                .map(|(_, value)| value)
        };
        let (server, name) = path.split_once('/').unwrap_or((path, ""));
        let host = part("host").or(part("hostaddr"));
        let server = match (host, part("port")) {
            (None, None) => server.to_owned(),
            (host, port) => {
                let (old_host, old_port) = server.rsplit_once(':').unwrap_or((server, "5432"));
                format!("{}:{}", host.unwrap_or(old_host), port.unwrap_or(old_port))
            }
        };
        format!("postgres:{server}/{}", part("dbname").unwrap_or(name))
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("url", &self.redacted_url())
            .field("create", &self.create)
            .field("max_connections", &self.max_connections)
            .field("acquire_timeout", &self.acquire_timeout)
            .field("statement_timeout", &self.statement_timeout)
            .field("keys", &self.keys)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hides_the_password() {
        for (url, shown) in [
            ("sqlite://pxe-init.db?mode=rwc", "sqlite://pxe-init.db?mode=rwc"),
            ("postgres://db/name", "postgres://db/name"),
            ("postgres://user@db/name", "postgres://user@db/name"),
            (
                "postgres://user:secret@db:5432/name?sslmode=require",
                "postgres://user:***@db:5432/name?sslmode=require",
            ),
            ("postgres://user:se@cr/e:t@db/name", "postgres://user:***@db/name"),
            (
                "postgres://db/name?user=u&password=secret&sslmode=disable",
                "postgres://db/name?user=u&password=***&sslmode=disable",
            ),
        ] {
            let options = Options::new(url);
            assert_eq!(options.redacted_url(), shown);
            assert!(!format!("{options:?}").contains("secret"));
        }
    }
}
