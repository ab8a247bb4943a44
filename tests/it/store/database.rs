//! A database of its own for each test.

use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};

use pxe_init::store::{Options, Store};
use sea_orm::{ConnectionTrait, Database as SeaOrm, DatabaseConnection, DbBackend, Statement};

const VARIABLE: &str = "PXE_INIT_TEST_POSTGRES";

/// An empty database.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) url: String,
}

impl Database {
    /// Opens it without migrating it.
    pub(crate) async fn connect(&self) -> Store {
        Store::connect(&Options::new(&self.url)).await.unwrap()
    }

    /// Opens it with its schema.
    pub(crate) async fn store(&self) -> Store {
        let store = self.connect().await;
        store.migrate().await.unwrap();
        store
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    /// Runs SQL behind the store's back.
    pub(crate) async fn execute(&self, sql: &str) {
        let raw = self.raw().await;
        raw.execute_unprepared(sql).await.unwrap();
        raw.close().await.unwrap();
    }

    /// The rows of a query, each column as text and NULL as `-`.
    pub(crate) async fn query(&self, sql: &str, columns: &[&str]) -> Vec<Vec<String>> {
        let raw = self.raw().await;
        let rows = raw.query_all_raw(Statement::from_string(self.backend(), sql)).await.unwrap();
        raw.close().await.unwrap();
        let text = |row: &sea_orm::QueryResult, column: &str| {
            let text = row.try_get::<Option<String>>("", column).map(|v| v.unwrap_or("-".to_owned()));
            text.or_else(|_| row.try_get::<i64>("", column).map(|v| v.to_string())).unwrap()
        };
        rows.iter().map(|row| columns.iter().map(|column| text(row, column)).collect()).collect()
    }

    async fn raw(&self) -> DatabaseConnection {
        SeaOrm::connect(&self.url).await.unwrap()
    }

    fn backend(&self) -> DbBackend {
        if self.is_sqlite() { DbBackend::Sqlite } else { DbBackend::Postgres }
    }
}

pub(crate) async fn on_sqlite<F>(test: impl FnOnce(Database) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", directory.path().join("test.db").display());
    test(Database { url }).await;
}

/// Says where the runner can count it that a test is skipped, if there is no cluster.
pub(crate) fn skip_without_postgres(name: &str) -> bool {
    let missing = std::env::var_os(VARIABLE).is_none();
    if missing {
        // Not `eprintln!`, whose text the test harness keeps to itself.
        let line = format!("SKIPPED postgres::{name}: {VARIABLE} is not set (make test starts a cluster)\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    missing
}

/// Skips the test if there is no cluster.
pub(crate) async fn on_postgres<F>(name: &str, test: impl FnOnce(Database) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    if skip_without_postgres(name) {
        return;
    }
    let base = std::env::var_os(VARIABLE).unwrap().into_string().unwrap();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let database = format!("pxe_init_test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let (server, _) = base.rsplit_once('/').unwrap();
    let admin = SeaOrm::connect(&base).await.unwrap();
    admin.execute_unprepared(&format!("CREATE DATABASE {database}")).await.unwrap();
    // On a task of its own, so that the database goes away also if the test fails.
    let result = tokio::spawn(test(Database { url: format!("{server}/{database}") })).await;
    admin.execute_unprepared(&format!("DROP DATABASE {database} WITH (FORCE)")).await.unwrap();
    if let Err(e) = result {
        std::panic::resume_unwind(e.into_panic());
    }
}
