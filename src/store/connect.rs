//! Opening both kinds of database, and their transactions.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqlitePoolOptions, SqliteSynchronous};
use sea_orm::sqlx::{Connection, Error as SqlxError, Executor, PgConnection};
use sea_orm::{
    AccessMode, DatabaseConnection, DatabaseTransaction, DbBackend, IsolationLevel, SqliteTransactionMode,
    SqlxPostgresConnector, SqlxSqliteConnector, TransactionOptions, TransactionTrait,
};
use tokio::time::{Instant, sleep, timeout};

use super::ssl::Ssl;
use super::tunnel::Tunnel;
use super::{Options, StoreError};

/// How Postgres lists us among its sessions.
const APPLICATION: &str = "pxe-init";

/// How often to ask for a lock on which SQLite can not wait.
const LOCK_POLL: Duration = Duration::from_millis(20);

pub(super) async fn open(options: &Options) -> Result<DatabaseConnection, StoreError> {
    match options.url.split_once(':') {
        Some(("sqlite", _)) => open_sqlite(options).await,
        Some(("postgres" | "postgresql", _)) => open_postgres(options).await,
        _ => Err(StoreError::Address {
            problem: "it begins with neither sqlite:// nor postgres://".to_owned(),
        }),
    }
}

/// Starts a transaction that sees one state of the database, whatever others do meanwhile.
pub(super) async fn begin_read(connection: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
    let options = match connection.get_database_backend() {
        // A deferred transaction in WAL mode keeps the state that its first statement saw.
        DbBackend::Sqlite => TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Deferred),
            ..TransactionOptions::default()
        },
        _ => TransactionOptions {
            isolation_level: Some(IsolationLevel::RepeatableRead),
            access_mode: Some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        },
    };
    Ok(connection.begin_with_options(options).await?)
}

/// Starts a transaction that may write. On SQLite it is the only one from here on: one that began by reading could
/// not become a writer once another had written.
pub(super) async fn begin_write(connection: &DatabaseConnection) -> Result<DatabaseTransaction, StoreError> {
    let options = match connection.get_database_backend() {
        DbBackend::Sqlite => TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        },
        // Each statement then sees what was committed before it, and so all that came before our lock.
        _ => TransactionOptions {
            isolation_level: Some(IsolationLevel::ReadCommitted),
            ..TransactionOptions::default()
        },
    };
    Ok(connection.begin_with_options(options).await?)
}

async fn open_sqlite(options: &Options) -> Result<DatabaseConnection, StoreError> {
    if options.url.contains(":memory:") || options.url.contains("mode=memory") {
        return Err(StoreError::Address {
            problem: "a database in memory forgets everything; name a file".to_owned(),
        });
    }
    let sqlite = parse::<SqliteConnectOptions>(&options.url)?
        .busy_timeout(options.acquire_timeout)
        .foreign_keys(true)
        // An acknowledged write survives not only the death of this process, for which NORMAL would do, but a power
        // cut too: of all times, that is when a site needs its registrations. It costs one fsync a write, and
        // writes come from operators; machines only read, and from memory.
        .synchronous(SqliteSynchronous::Full);
    let file = sqlite.get_filename().to_owned();
    let sqlite = if options.create { sqlite } else { sqlite.create_if_missing(false) };
    if let Some(problem) = obstacle(&file, options) {
        return Err(StoreError::refused(problem));
    }
    set_wal(&sqlite, options.acquire_timeout).await?;
    let pool = SqlitePoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.acquire_timeout)
        // A connection that the pool opens later must not put an empty file in the place of one that was taken away.
        .connect_with(sqlite.create_if_missing(false))
        .await?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

async fn open_postgres(options: &Options) -> Result<DatabaseConnection, StoreError> {
    let postgres = postgres_options(options)?;
    let pool = PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.acquire_timeout)
        .connect_with(postgres)
        .await?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}

/// How to open one connection.
pub(super) fn postgres_options(options: &Options) -> Result<PgConnectOptions, StoreError> {
    let milliseconds = |time: Duration| time.as_millis().to_string();
    Ok(parse::<PgConnectOptions>(&options.url)?.application_name(APPLICATION).options([
        ("statement_timeout", milliseconds(options.statement_timeout)),
        ("lock_timeout", milliseconds(options.acquire_timeout)),
        // A replica that froze in the middle of a write must not keep all others from writing.
        ("idle_in_transaction_session_timeout", milliseconds(options.statement_timeout)),
    ]))
}

/// The same options with the manner of protecting connections that the server agrees to, and what that takes as long as
/// there are connections. It connects before the pool does, which would try again and again and then say only that time
/// ran out.
pub(super) async fn agreed(options: &Options) -> Result<(Options, Option<Tunnel>), StoreError> {
    if options.is_sqlite() || !options.url.starts_with("postgres") {
        return Ok((options.clone(), None));
    }
    if let Some(problem) = unreadable(&options.url) {
        return Err(StoreError::refused(problem));
    }
    let parsed = postgres_options(options)?;
    let place = format!("{}:{}", parsed.get_host(), parsed.get_port());
    let ssl = Ssl::of(options, &parsed)?;
    let tunnel = ssl.tunnel(options, &parsed)?;
    let limit = options.acquire_timeout;
    let urls = match &tunnel {
        Some(tunnel) => vec![ssl.url_through(tunnel)],
        None => ssl.attempts().into_iter().map(|mode| ssl.url(mode)).collect(),
    };
    let mut first = None;
    for url in urls {
        let options = Options { url, ..options.clone() };
        let postgres = postgres_options(&options)?;
        match timeout(limit, PgConnection::connect_with(&postgres)).await {
            Ok(Ok(connection)) => {
                connection.close().await?;
                return Ok((options, tunnel));
            }
            Ok(Err(error)) => {
                // The driver sees only that its way ends.
                let error = tunnel.as_ref().and_then(Tunnel::take_error).map_or(error, SqlxError::Io);
                let again = Ssl::is_worth_another(&error);
                let problem = ssl.explain(&error, &parsed);
                let error = StoreError::from(error).explained(problem).at(&place);
                // What came of the manner that was wanted tells more than what came of the others.
                let error = first.get_or_insert(error);
                if !again {
                    break;
                }
                tracing::debug!(%error, "trying to connect otherwise");
            }
            Err(_) => {
                let problem = format!("{place} did not answer within {} s", limit.as_secs_f32());
                return Err(StoreError::unavailable(problem));
            }
        }
    }
    Err(first.unwrap_or_else(|| StoreError::unavailable("it could not be asked")))
}

pub(super) fn parse<T: FromStr<Err = SqlxError>>(url: &str) -> Result<T, StoreError> {
    url.parse().map_err(|e: SqlxError| StoreError::Address { problem: e.to_string() })
}

/// Why the file can not be opened, where SQLite would only say that it can not.
fn obstacle(file: &Path, options: &Options) -> Option<String> {
    let directory = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let file = file.display();
    if !directory.is_dir() {
        Some(format!("the directory of {file} does not exist; create it"))
    } else if Path::new(&file.to_string()).is_dir() {
        Some(format!("{file} is a directory, where a file should be"))
    } else if !Path::new(&file.to_string()).exists() && !options.create {
        Some(format!("{file} is not there any more"))
    } else if !Path::new(&file.to_string()).exists() && !options.url.contains("mode=rwc") {
        Some(format!("{file} does not exist; add ?mode=rwc to the URL to create it"))
    } else {
        None
    }
}

/// A file of certificates or keys that is not there: of that the driver says the same as of a socket that is not there
/// because the database does not run.
fn unreadable(url: &str) -> Option<String> {
    let query = url.split_once('?')?.1;
    query.split('&').filter_map(|pair| pair.split_once('=')).find_map(|(key, value)| {
        if !matches!(
            key,
            "sslrootcert" | "sslcert" | "sslkey" | "ssl-root-cert" | "ssl-ca" | "ssl-cert" | "ssl-key"
        ) {
            return None;
        }
        let file = percent_encoding::percent_decode_str(value).decode_utf8().ok()?;
        if file.contains("-----BEGIN") || file == "system" {
            return None;
        }
        let error = std::fs::File::open(&*file).err()?;
        Some(format!("{key}: {file} can not be read: {error}"))
    })
}

/// Whether SQLite says `SQLITE_BUSY` (<https://sqlite.org/rescode.html#busy>), for whatever reason.
fn is_busy(error: &dyn DatabaseError) -> bool {
    error.code().and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
}

/// Sets the journal mode that lets readers read while one writes. It stays with the file, so it is set once and not
/// by every connection. The lock that it takes is one on which SQLite returns at once, whatever its busy timeout.
async fn set_wal(sqlite: &SqliteConnectOptions, timeout: Duration) -> Result<(), StoreError> {
    let deadline = Instant::now() + timeout;
    let mut connection = SqliteConnection::connect_with(sqlite).await?;
    while let Err(e) = connection.execute("PRAGMA journal_mode = WAL").await {
        if !e.as_database_error().is_some_and(is_busy) || Instant::now() >= deadline {
            return Err(e.into());
        }
        sleep(LOCK_POLL).await;
    }
    Ok(connection.close().await?)
}
