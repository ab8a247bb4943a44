//! What can go wrong with the database, in terms of what the caller can do about it.

use std::time::Duration;

use sea_orm::sqlx::Error as SqlxError;
use sea_orm::sqlx::error::DatabaseError;
use sea_orm::{DbErr, RuntimeErr};

use crate::domain::{Name, Noun};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no database. The message never shows the URL, which may hold a password.
    #[error("the database URL is wrong: {problem}")]
    Address {
        /// What is wrong with it.
        problem: String,
    },
    /// The database is there and refuses us as we are configured, or what is configured can not be a database: somebody
    /// has to mend the configuration, or the database. Nothing was changed.
    #[error("the database can not be used: {problem}")]
    Refused {
        /// What is wrong.
        problem: String,
        /// What the driver said.
        #[source]
        source: Option<Cause>,
    },
    /// The database could not be asked, or did not answer; nothing was changed. It may work later.
    #[error("the database is not available: {problem}")]
    Unavailable {
        /// What happened.
        problem: String,
        /// What the driver said.
        #[source]
        source: Option<Cause>,
    },
    /// A machine already has what only one can have. Nothing was changed, and the write can go on.
    #[error("{field}: {value} belongs to the machine {holder}")]
    Conflict {
        /// The field in the notation of the API, such as `macs[0]`.
        field: String,
        /// Its value.
        value: String,
        /// The machine that has it.
        holder: Name,
    },
    /// What should be deleted is not there. Nothing was changed, and the write can go on.
    #[error("there is no {noun} {name}")]
    Absent {
        /// What it would be.
        noun: Noun,
        /// Its name.
        name: Name,
    },
    /// A stored row means nothing; somebody wrote to the database by hand, or it is damaged.
    #[error("the row {row:?} of the table {table} is bad: {column}: {problem}")]
    BadRow {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// The primary key.
        row: String,
        /// What is wrong with the value.
        problem: String,
    },
    /// The database has no schema yet.
    #[error("the database has no tables yet; run the migrations first")]
    NotMigrated {
        /// What the driver said.
        #[source]
        source: Cause,
    },
    /// The database has a schema that this version can not know.
    #[error(
        "the database was changed by a newer version (unknown migrations: {}); run that version, or restore a backup",
        unknown.join(", ")
    )]
    SchemaTooNew {
        /// The migrations that this version does not know.
        unknown: Vec<String>,
    },
    /// The schema could not be brought to this version; it is as it was.
    #[error("the migration of the database failed; nothing was changed")]
    Migration {
        /// What the driver said.
        #[source]
        source: Cause,
    },
    /// The connection broke during the commit, so the write is either there as a whole or not at all.
    #[error("the connection to the database broke during the commit; look whether the change is there")]
    CommitUnknown {
        /// What the driver said.
        #[source]
        source: Option<Cause>,
    },
    /// An earlier step of this write failed half-way, so that it can only be rolled back.
    #[error("an earlier step of this write failed; it was not committed")]
    Broken,
    /// Anything else; most likely a fault of this program.
    #[error("the database refused a statement")]
    Other {
        /// What the driver said.
        #[source]
        source: Cause,
    },
}

impl StoreError {
    pub(super) fn unavailable(problem: impl Into<String>) -> Self {
        Self::Unavailable { problem: problem.into(), source: None }
    }

    pub(super) fn refused(problem: impl Into<String>) -> Self {
        Self::Refused { problem: problem.into(), source: None }
    }

    /// Whether it says no more than that the database is away now, so that waiting for it may help. Everything else that
    /// keeps a server from opening its database is for somebody to mend.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::CommitUnknown { .. })
    }

    /// The same, and where the database should be.
    pub(super) fn at(self, place: &str) -> Self {
        match self {
            Self::Refused { problem, source } => {
                Self::Refused { problem: format!("{place}: {problem}"), source }
            }
            Self::Unavailable { problem, source } => {
                Self::Unavailable { problem: format!("{place}: {problem}"), source }
            }
            other => other,
        }
    }

    /// The same, in words that say more.
    pub(super) fn explained(self, problem: Option<String>) -> Self {
        match (self, problem) {
            (Self::Refused { source, .. } | Self::Unavailable { source, .. }, Some(problem)) => {
                Self::Refused { problem, source }
            }
            (other, _) => other,
        }
    }

    pub(super) fn other(source: impl Into<Cause>) -> Self {
        Self::Other { source: source.into() }
    }

    /// What a failed `COMMIT` means: if the database itself said no, it is a failure like any other.
    pub(super) fn of_commit(error: DbErr) -> Self {
        match Self::from(error) {
            Self::Unavailable { source, .. } => Self::CommitUnknown { source },
            known => known,
        }
    }
}

/// Waits for the database, but not for ever: a host that went away without a word never closes its connections.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::unavailable(format!("it did not answer within {} s", limit.as_secs_f32()))),
    }
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        let refusal = match &error {
            DbErr::Conn(RuntimeErr::SqlxError(e))
            | DbErr::Exec(RuntimeErr::SqlxError(e))
            | DbErr::Query(RuntimeErr::SqlxError(e)) => refusal(e),
            _ => None,
        };
        if let Some(problem) = refusal {
            return Self::Refused { problem: problem.to_owned(), source: Some(error.into()) };
        }
        let problem = match &error {
            DbErr::ConnectionAcquire(_) => Some("no connection became free in time"),
            DbErr::Conn(RuntimeErr::SqlxError(e)) => {
                Some(unavailability(e).unwrap_or("it refused the connection"))
            }
            DbErr::Exec(RuntimeErr::SqlxError(e)) | DbErr::Query(RuntimeErr::SqlxError(e)) => {
                if e.as_database_error().is_some_and(is_missing_table) {
                    return Self::NotMigrated { source: error.into() };
                }
                unavailability(e)
            }
            _ => None,
        };
        match problem {
            Some(problem) => Self::Unavailable { problem: problem.to_owned(), source: Some(error.into()) },
            None => Self::other(error),
        }
    }
}

impl From<SqlxError> for StoreError {
    fn from(error: SqlxError) -> Self {
        Self::from(DbErr::Conn(RuntimeErr::SqlxError(error.into())))
    }
}

/// In what way the error says that no waiting will help.
fn refusal(error: &SqlxError) -> Option<&'static str> {
    match error {
        SqlxError::Tls(_) => Some("TLS could not be agreed on"),
        // So says rustls of a certificate that it does not accept.
        SqlxError::Io(e) if e.kind() == std::io::ErrorKind::InvalidData => Some("TLS could not be agreed on"),
        SqlxError::Protocol(_) if !is_closed_at_once(error) => {
            Some("it does not speak the protocol that was expected")
        }
        SqlxError::Configuration(_) => Some("the URL asks for something that can not be done"),
        SqlxError::Database(e) => database_refusal(e.as_ref()),
        _ => None,
    }
}

/// Whether the other end closed the connection when it was asked for TLS, as a proxy does whose database is away. The driver
/// takes the answer that it did not get for a zero.
fn is_closed_at_once(error: &SqlxError) -> bool {
    matches!(error, SqlxError::Protocol(text) if text.contains("SSLRequest: 0x00"))
}

fn database_refusal(error: &dyn DatabaseError) -> Option<&'static str> {
    let code = error.code()?;
    if let (true, Ok(number)) = (code.len() != 5, code.parse::<u32>()) {
        return match number & 0xff {
            8 => Some("the database file is read-only"),
            14 => Some("the database file can not be opened"),
            26 => Some("the file is not a database"),
            _ => None,
        };
    }
    match code.as_ref() {
        "28000" | "28P01" => Some("it refused the user or password"),
        "3D000" => Some("the database does not exist"),
        "42501" => Some("the user may not do what has to be done"),
        _ => None,
    }
}

/// In what way the error says that the database can not be asked now; `None` if it is about what was asked.
fn unavailability(error: &SqlxError) -> Option<&'static str> {
    match error {
        SqlxError::Io(_) => Some("the connection failed"),
        SqlxError::PoolTimedOut => Some("no connection became free in time"),
        SqlxError::PoolClosed | SqlxError::WorkerCrashed => Some("it was closed"),
        SqlxError::Database(e) => database_unavailability(e.as_ref()),
        error if is_closed_at_once(error) => Some("it closed the connection"),
        _ => None,
    }
}

/// Codes of Postgres (manual, appendix A) have five characters; those of SQLite (<https://sqlite.org/rescode.html>)
/// are numbers whose low byte is the primary code.
fn database_unavailability(error: &dyn DatabaseError) -> Option<&'static str> {
    let code = error.code()?;
    if let (true, Ok(number)) = (code.len() != 5, code.parse::<u32>()) {
        return match number & 0xff {
            5 | 6 => Some("another process holds its lock"),
            10 => Some("the database file could not be read or written"),
            13 => Some("the disk is full"),
            _ => None,
        };
    }
    match code.as_ref() {
        "25006" => Some("it is read-only (a standby, perhaps)"),
        "40001" | "40P01" | "55P03" => Some("other writes took too long; try again"),
        "57014" => Some("a statement took too long"),
        "53100" => Some("its disk is full"),
        _ => match &code[..2] {
            "08" | "57" => Some("it closed the connection"),
            "53" => Some("it has no resources left"),
            _ => None,
        },
    }
}

fn is_missing_table(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code == "42P01") || error.message().starts_with("no such table: ")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_broken_connection_leaves_a_commit_unknown() {
        let broken = || SqlxError::Io(io::ErrorKind::ConnectionReset.into());
        let error = DbErr::Query(RuntimeErr::SqlxError(broken().into()));
        assert!(matches!(StoreError::from(error.clone()), StoreError::Unavailable { .. }));
        assert!(matches!(StoreError::of_commit(error), StoreError::CommitUnknown { source: Some(_) }));
        assert!(matches!(StoreError::from(broken()), StoreError::Unavailable { .. }));
    }

    #[test]
    fn who_closes_the_connection_is_away_and_who_speaks_another_protocol_is_not() {
        let answer = |byte| SqlxError::Protocol(format!("unexpected response from SSLRequest: 0x{byte:02x}"));
        assert!(StoreError::from(answer(0)).is_away());
        assert!(matches!(StoreError::from(answer(b'H')), StoreError::Refused { .. }));
    }

    #[tokio::test]
    async fn silence_is_unavailability() {
        let error = within::<()>(Duration::from_millis(10), std::future::pending()).await.unwrap_err();
        assert_eq!(error.to_string(), "the database is not available: it did not answer within 0.01 s");
    }
}
