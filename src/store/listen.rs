//! Hearing of what others commit, so that nobody has to wait for the next poll.
//!
//! Postgres tells those who listen; of SQLite a number is read that each commit of another connection changes, which
//! costs microseconds. Who hears nothing may have missed something all the same (a pooler that keeps `LISTEN` from the
//! database, say), so that this never stands in for asking.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx::postgres::{PgListener, PgPoolOptions};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sea_orm::sqlx::{Connection, Executor, query_scalar};
use tokio::time::{sleep, timeout};

use super::connect::{parse, postgres_options};
use super::error::within;
use super::revision::CHANNEL;
use super::tunnel::Tunnel;
use super::{Options, StoreError};

/// How often SQLite is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// After so long without news, Postgres is asked whether it is still there: a host that went away without a word closes
/// no connection.
const SILENCE: Duration = Duration::from_secs(15);

/// A connection of its own, which hears of commits.
#[derive(Debug)]
pub struct Listener {
    heard: Heard,
    statement_timeout: Duration,
    /// The way to the database, where it is one of ours.
    _tunnel: Option<Arc<Tunnel>>,
}

#[derive(Debug)]
enum Heard {
    Postgres(Box<PgListener>),
    Sqlite { connection: Box<SqliteConnection>, version: i64 },
}

impl Listener {
    pub(super) async fn open(options: &Options, tunnel: Option<Arc<Tunnel>>) -> Result<Self, StoreError> {
        let open = async {
            Ok(if options.is_sqlite() {
                // It must not bring a file back that somebody took away.
                let sqlite = parse::<SqliteConnectOptions>(&options.url)?.create_if_missing(false);
                let mut connection = Box::new(SqliteConnection::connect_with(&sqlite).await?);
                let version = version(&mut connection).await?;
                Heard::Sqlite { connection, version }
            } else {
                let pool = PgPoolOptions::new()
                    .max_connections(1)
                    .max_lifetime(None)
                    .idle_timeout(None)
                    .connect_with(postgres_options(options)?)
                    .await?;
                let mut listener = PgListener::connect_with(&pool).await?;
                // When to connect again is for the caller to say.
                listener.eager_reconnect(false);
                listener.listen(CHANNEL).await?;
                Heard::Postgres(Box::new(listener))
            })
        };
        let heard = within(options.acquire_timeout, open).await?;
        Ok(Self { heard, statement_timeout: options.statement_timeout, _tunnel: tunnel })
    }

    /// Waits until something was committed; gives the newest revision that was told of, where it is told.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the connection is lost. Then this listener hears nothing any more.
    pub async fn heard(&mut self) -> Result<Option<u64>, StoreError> {
        match &mut self.heard {
            Heard::Postgres(listener) => told(listener, self.statement_timeout).await,
            Heard::Sqlite { connection, version: last } => loop {
                sleep(LOOK).await;
                let now = within(self.statement_timeout, version(connection)).await?;
                if std::mem::replace(last, now) != now {
                    return Ok(None);
                }
            },
        }
    }
}

async fn told(listener: &mut PgListener, limit: Duration) -> Result<Option<u64>, StoreError> {
    let mut newest = loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => break notification,
            Ok(Ok(None)) => return Err(StoreError::unavailable("the connection that listens was lost")),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => {
                let asked = async { Ok(listener.execute("SELECT 1").await?) };
                within(limit, asked).await?;
            }
        }
    };
    while let Some(newer) = listener.next_buffered() {
        newest = newer;
    }
    Ok(newest.payload().parse().ok())
}

/// Differs from before once another connection has committed (<https://sqlite.org/pragma.html#pragma_data_version>).
async fn version(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    Ok(query_scalar("PRAGMA data_version").fetch_one(connection).await?)
}
