//! Durable storage of the four nouns; the only module that names sea_orm.
//!
//! It speaks the words of [`crate::domain`] alone. Every write is one transaction that holds the lock of the single
//! `catalog_revision` row from its beginning, so that all writers of all replicas come one after another and no
//! reader can see revision N + 1 before revision N. Nothing in here tries again by itself: who called decides.

mod audit;
mod basis;
mod changes;
mod connect;
mod error;
mod file;
mod history;
mod images;
mod journal;
mod listen;
mod machines;
mod migrate;
mod options;
mod past;
mod reading;
mod reseal;
mod revision;
mod row;
mod rules;
mod ssl;
mod templates;
mod tokens;
mod tunnel;
mod write;

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DatabaseConnection;
use tokio::sync::Semaphore;

use crate::domain::{Actor, Changes, Name, Revision, RevisionInfo, State, Template, Timestamp};

use file::DatabaseFile;
use tunnel::Tunnel;

pub use audit::{AUDIT_BEGINNING, audit_hash};
pub use basis::Basis;
pub use error::StoreError;
pub use listen::Listener;
pub use options::Options;
pub use past::Past;
pub use reading::Reading;
pub use reseal::Resealed;
pub use write::Write;

/// An open database, SQLite or Postgres. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Store {
    connection: DatabaseConnection,
    /// Writers of this process queue here and not in the database, where each would hold a connection while it
    /// waits (and, on SQLite, would poll for the lock without any order).
    turn: Arc<Semaphore>,
    options: Arc<Options>,
    file: Option<Arc<DatabaseFile>>,
    /// The way to the database, where it is one of ours.
    tunnel: Option<Arc<Tunnel>>,
}

impl Store {
    /// Opens the database, which it does not migrate. A SQLite file is created if the URL says `mode=rwc`.
    ///
    /// # Errors
    /// [`StoreError::Address`], [`StoreError::Refused`], [`StoreError::Unavailable`], or [`StoreError::SchemaTooNew`].
    pub async fn connect(options: &Options) -> Result<Self, StoreError> {
        let (options, tunnel) = connect::agreed(options).await?;
        let (options, tunnel) = (&options, tunnel.map(Arc::new));
        let connection = connect::open(options).await?;
        error::within(options.statement_timeout, migrate::refuse_newer(&connection)).await?;
        Ok(Self {
            connection,
            turn: Arc::new(Semaphore::new(1)),
            options: Arc::new(options.clone()),
            file: DatabaseFile::of(options)?.map(Arc::new),
            tunnel,
        })
    }

    /// Whether secrets are sealed that are written from now on.
    pub fn seals(&self) -> bool {
        self.options.keys.first().is_some()
    }

    /// Whether there is a schema, of whatever version.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn has_schema(&self) -> Result<bool, StoreError> {
        Ok(error::within(self.statement_timeout(), migrate::applied(&self.connection)).await?.is_some())
    }

    /// Brings the schema to this version. Replicas that do so at the same time wait for each other.
    ///
    /// # Errors
    /// [`StoreError::SchemaTooNew`] if a newer version was here before, [`StoreError::Migration`] if it fails; then
    /// nothing is changed.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        migrate::run(&self.connection, self.statement_timeout()).await
    }

    /// The current catalog revision: how many writes there were, 0 for none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::NotMigrated`].
    pub async fn revision(&self) -> Result<u64, StoreError> {
        Ok(self.state().await?.revision)
    }

    /// The current catalog revision, and which database it is of.
    ///
    /// # Errors
    /// As [`revision`](Self::revision).
    pub async fn state(&self) -> Result<State, StoreError> {
        self.file.as_ref().map_or(Ok(()), |file| file.check())?;
        error::within(self.statement_timeout(), revision::read(&self.connection)).await
    }

    /// The secret of which the tokens of boots are made.
    ///
    /// # Errors
    /// As [`revision`](Self::revision).
    pub async fn boot_key(&self) -> Result<String, StoreError> {
        let key = error::within(self.statement_timeout(), revision::boot_key(&self.connection)).await?;
        Ok(row::open_text(&self.options.keys, "catalog_revision", "1", "boot_key", &key)?.into_owned())
    }

    /// What changed after `revision`, in one consistent read. From 0 on that is all there is, without tombstones.
    ///
    /// If the answer's revision is lower than `revision`, the database is not the one that it was (a backup was
    /// restored, say), and only a read from 0 on tells what there is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`] for the first row that means nothing.
    pub async fn changes_since(&self, revision: u64) -> Result<Changes, StoreError> {
        let tx = error::within(self.statement_timeout(), connect::begin_read(&self.connection)).await?;
        let read = async {
            let changes = changes::since(&tx, revision, self.statement_timeout(), &self.options.keys).await?;
            tx.rollback().await?;
            Ok(changes)
        };
        read.await
    }

    /// What changed after what a reader knows, in one consistent read: all there is, if what it knows is not an earlier
    /// state of this database.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn read(&self, known: Option<&State>) -> Result<Reading, StoreError> {
        self.file.as_ref().map_or(Ok(()), |file| file.check())?;
        Reading::begin(&self.connection, self.statement_timeout(), &self.options.keys, known).await
    }

    /// A connection of its own, which hears of what others commit from now on. [`close`](Self::close) leaves it open.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or what [`connect`](Self::connect) says.
    pub async fn listen(&self) -> Result<Listener, StoreError> {
        Listener::open(&self.options, self.tunnel.clone()).await
    }

    /// Starts a write. Until it ends, all other writers wait.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], also if other writers take too long.
    pub async fn begin(&self, actor: &Actor, at: Timestamp) -> Result<Write, StoreError> {
        let turn = tokio::time::timeout(self.options.acquire_timeout, Arc::clone(&self.turn).acquire_owned());
        let turn = match turn.await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) => return Err(StoreError::unavailable("it was closed")),
            Err(_) => return Err(StoreError::unavailable("other writes took too long; try again")),
        };
        let file = self.file.clone();
        let keys = self.options.keys.clone();
        Write::begin(&self.connection, turn, file, self.statement_timeout(), keys, actor.clone(), at).await
    }

    /// The revisions of a template, also of a deleted one, newest first: at most `limit`, all older than `before`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn template_revisions(
        &self,
        name: &Name,
        before: Option<Revision>,
        limit: u32,
    ) -> Result<Vec<RevisionInfo>, StoreError> {
        error::within(self.statement_timeout(), history::list(&self.connection, name, before, limit)).await
    }

    /// One revision of a template, also of a deleted one, as the template that it was; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn template_source(
        &self,
        name: &Name,
        number: Revision,
    ) -> Result<Option<Template>, StoreError> {
        error::within(self.statement_timeout(), history::get(&self.connection, name, number)).await
    }

    /// The longest wait for the database's answer to one operation.
    fn statement_timeout(&self) -> Duration {
        self.options.statement_timeout
    }

    /// Closes all connections, of all clones, once what they do now is done.
    pub async fn close(self) {
        self.turn.close();
        // Both drivers only wait here and report nothing.
        let _ = self.connection.close().await;
    }
}
