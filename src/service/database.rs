//! The database, while it is there: boots and reads do without it, writes and the history of templates can not.

use super::Service;
use crate::error::{Code, Error};
use crate::store::{Store, StoreError};

impl Service {
    /// Uses `store` from now on; gives back the one before. The catalog that is served stays until it is caught up with.
    pub fn attach(&self, store: Store) -> Option<Store> {
        let before = self.inner.store.swap(Some(store.into()));
        self.wake_tokens();
        self.inner.boot_tokens.forget();
        before.map(|before| (*before).clone())
    }

    /// Does without a database from now on; gives back the one before.
    pub fn detach(&self) -> Option<Store> {
        self.inner.store.swap(None).map(|before| (*before).clone())
    }

    /// Notes that the database can not be opened.
    pub fn lost(&self, error: StoreError) {
        self.note_database(Err(&error.into()));
    }

    /// Why nothing is served, for whoever looks after the server.
    pub fn not_ready(&self) -> Error {
        let health = self.health();
        let causes: Vec<&str> =
            [&health.problem, &health.file_problem].into_iter().flatten().map(String::as_str).collect();
        Error::new(Code::Unavailable, format!("no catalog is loaded: {}", causes.join("; ")))
    }

    /// The database, to read from it what memory does not have.
    pub(super) fn store(&self, what: &str) -> Result<Store, Error> {
        self.reachable().ok_or_else(|| self.away(&format!("{what} is in the database alone")))
    }

    /// The database, to change it. Whoever waits for a database that is known to be away keeps others waiting, so it is
    /// refused at once.
    pub(super) fn store_for_writing(&self) -> Result<Store, Error> {
        self.reachable().ok_or_else(|| self.away("nothing was changed"))
    }

    fn reachable(&self) -> Option<Store> {
        if self.health().away { None } else { self.inner.store.load_full().map(|store| (*store).clone()) }
    }

    fn away(&self, what: &str) -> Error {
        let health = self.health();
        let problem = health.problem.as_deref().unwrap_or("the database is not available");
        let boots = match self.snapshot() {
            Ok(_) => "; machines are answered from what is known",
            Err(_) => "",
        };
        Error::new(Code::Unavailable, format!("{what}: {problem}{boots}. Try again once /ready is not stale"))
    }
}
