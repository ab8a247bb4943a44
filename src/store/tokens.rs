//! The table of bearer tokens. It has no part in the catalog: a write here makes no revision.

use sea_orm::sea_query::{Cond, Expr, ExprTrait, Order, Query};
use sea_orm::{ConnectionTrait, DbBackend, DbErr};

use super::row::Row;
use super::{Store, StoreError, audit, connect, error, revision};
use crate::domain::{Actor, Timestamp, Token, TokenHash};

const TABLE: &str = "tokens";

const COLUMNS: [&str; 10] = [
    "sha256",
    "name",
    "role",
    "secrets",
    "created",
    "created_by",
    "expires",
    "last_used",
    "revoked",
    "revoked_by",
];

impl Store {
    /// All tokens, also those that are worth nothing any more, by name and then by time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        error::within(self.statement_timeout(), list(&self.connection)).await
    }

    /// Adds a token, unless one of its name is in force at `token.created`: then that one is given back.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn add_token(&self, actor: &Actor, token: &Token) -> Result<Option<Token>, StoreError> {
        let write = async |tx: &sea_orm::DatabaseTransaction| {
            if let Some(active) = active(tx, token.name.as_str(), token.created).await? {
                return Ok(Some(active));
            }
            insert(tx, token).await?;
            let made = (None, Some(token));
            audit::note_token(tx, actor, token.created, made, &self.options.keys).await?;
            Ok(None)
        };
        self.write_tokens(write).await
    }

    /// Revokes the token of this name that is in force at `at`, and gives it back as it is then; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`].
    pub async fn revoke_token(
        &self,
        actor: &Actor,
        name: &str,
        at: Timestamp,
    ) -> Result<Option<Token>, StoreError> {
        let by = actor.name.as_str();
        let write = async |tx: &sea_orm::DatabaseTransaction| {
            let Some(mut token) = active(tx, name, at).await? else { return Ok(None) };
            audit::note_token(tx, actor, at, (Some(&token), None), &self.options.keys).await?;
            (token.revoked, token.revoked_by) = (Some(at), by.to_owned());
            let update = Query::update()
                .table(TABLE)
                .value("revoked", at.0)
                .value("revoked_by", by)
                .and_where(Expr::col("sha256").eq(token.hash.to_string()))
                .take();
            tx.execute(&update).await?;
            Ok(Some(token))
        };
        self.write_tokens(write).await
    }

    /// Notes when tokens were used last, unless a later time is known.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn note_tokens_used(&self, used: &[(TokenHash, Timestamp)]) -> Result<(), StoreError> {
        let write = async |tx: &sea_orm::DatabaseTransaction| {
            for (hash, at) in used {
                let earlier =
                    Cond::any().add(Expr::col("last_used").is_null()).add(Expr::col("last_used").lt(at.0));
                let update = Query::update()
                    .table(TABLE)
                    .value("last_used", at.0)
                    .and_where(Expr::col("sha256").eq(hash.to_string()))
                    .cond_where(earlier)
                    .take();
                tx.execute(&update).await?;
            }
            Ok(())
        };
        self.write_tokens(write).await
    }

    /// Runs `write` in a transaction that no other write overlaps, of the catalog or of tokens.
    async fn write_tokens<T>(
        &self,
        write: impl AsyncFnOnce(&sea_orm::DatabaseTransaction) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let run = async {
            let turn = self.turn.acquire().await.map_err(|_| StoreError::unavailable("it was closed"))?;
            let tx = connect::begin_write(&self.connection).await?;
            if tx.get_database_backend() == DbBackend::Postgres {
                revision::lock(&tx).await?;
            }
            let result = write(&tx).await?;
            tx.commit().await.map_err(StoreError::of_commit)?;
            drop(turn);
            Ok(result)
        };
        error::within(self.statement_timeout(), run).await
    }
}

async fn list(connection: &impl ConnectionTrait) -> Result<Vec<Token>, StoreError> {
    let select = Query::select()
        .columns(COLUMNS)
        .from(TABLE)
        .order_by("name", Order::Asc)
        .order_by("created", Order::Asc)
        .take();
    let rows = connection.query_all(&select).await?;
    rows.iter().map(|row| decode(&Row::new(TABLE, "sha256", row)?)).collect()
}

async fn active(
    connection: &impl ConnectionTrait,
    name: &str,
    at: Timestamp,
) -> Result<Option<Token>, StoreError> {
    let ahead = Cond::any().add(Expr::col("expires").is_null()).add(Expr::col("expires").gt(at.0));
    let select = Query::select()
        .columns(COLUMNS)
        .from(TABLE)
        .and_where(Expr::col("name").eq(name))
        .and_where(Expr::col("revoked").is_null())
        .cond_where(ahead)
        .take();
    let row = connection.query_one(&select).await?;
    row.map(|row| decode(&Row::new(TABLE, "sha256", &row)?)).transpose()
}

async fn insert(connection: &impl ConnectionTrait, token: &Token) -> Result<(), StoreError> {
    let time = |time: Option<Timestamp>| time.map(|time| time.0);
    let insert = Query::insert()
        .into_table(TABLE)
        .columns(COLUMNS)
        .values([
            token.hash.to_string().into(),
            token.name.as_str().into(),
            token.role.as_str().into(),
            token.secrets.into(),
            token.created.0.into(),
            token.created_by.as_str().into(),
            time(token.expires).into(),
            time(token.last_used).into(),
            time(token.revoked).into(),
            token.revoked_by.as_str().into(),
        ])
        .map_err(|e| DbErr::Custom(e.to_string()))?
        .take();
    connection.execute(&insert).await?;
    Ok(())
}

fn decode(row: &Row<'_>) -> Result<Token, StoreError> {
    let time = |column: &str| Ok::<_, StoreError>(row.get::<Option<i64>>(column)?.map(Timestamp));
    Ok(Token {
        name: row.parse("name")?,
        hash: row.parse("sha256")?,
        role: row.parse("role")?,
        secrets: row.get("secrets")?,
        created: Timestamp(row.get("created")?),
        created_by: row.get("created_by")?,
        expires: time("expires")?,
        last_used: time("last_used")?,
        revoked: time("revoked")?,
        revoked_by: row.get("revoked_by")?,
    })
}
