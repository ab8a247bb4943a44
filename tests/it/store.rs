//! The contract of the store: every test runs on SQLite and on Postgres.

/// Makes of each async function `NAME(Database)` the tests `sqlite::NAME` and `postgres::NAME`.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::store::database::on_sqlite(super::$name).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                crate::store::database::on_postgres(stringify!($name), super::$name).await;
            })+
        }
    };
}

mod audit;
mod bad_rows;
mod concurrency;
mod conflicts;
mod connect;
pub(crate) mod database;
mod feed;
mod journal;
pub(crate) mod restored;
mod round_trip;
pub(crate) mod samples;
mod schema;
mod sealed;
mod templates;
mod tls;
mod writes;

pub(crate) use round_trip::nouns;
