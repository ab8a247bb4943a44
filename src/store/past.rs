//! What the catalog was before, from the audit and the history of templates.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, Statement};
use serde::de::DeserializeOwned;

use super::audit::TemplateNote;
use super::row::{Row, open_text, to_column};
use super::{Store, StoreError, connect, error, history};
use crate::domain::{Change, Changes, Name, Noun, Stamped, Template};
use crate::seal::Keys;

const TABLE: &str = "audit";

/// What takes a catalog back to an earlier revision.
#[derive(Debug)]
pub struct Past {
    /// Laid upon the later catalog, these give the earlier one.
    pub changes: Changes,
    /// What is needed for that and not there any more, for people. Where there is anything, the changes are not all.
    pub missing: Vec<String>,
}

/// So many statements may take as long as one may, in all; most of them read one row.
const STATEMENTS: u32 = 6;

/// The first change of each noun after a revision knows what was there at that revision.
const FIRST: &str = "\
SELECT id, revision, noun, name, action, \"before\" FROM audit WHERE id IN \
(SELECT MIN(id) FROM audit WHERE revision > $1 AND revision <= $2 GROUP BY noun, name)";

const COUNT: &str =
    "SELECT COUNT(DISTINCT revision) AS number FROM audit WHERE revision > $1 AND revision <= $2";

impl Store {
    /// What takes the catalog of revision `from` back to that of `to`, which is lower.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], or [`StoreError::BadRow`] for a row that is damaged.
    pub async fn undo(&self, from: u64, to: u64) -> Result<Past, StoreError> {
        let limit = self.statement_timeout().saturating_mul(STATEMENTS);
        error::within(limit, undo(&self.connection, from, to, &self.options.keys)).await
    }
}

async fn undo(connection: &DatabaseConnection, from: u64, to: u64, keys: &Keys) -> Result<Past, StoreError> {
    let tx = connect::begin_read(connection).await?;
    let range = || [to_column(to).into(), to_column(from).into()];
    let statement = |sql: &str| Statement::from_sql_and_values(tx.get_database_backend(), sql, range());
    let mut missing = Vec::new();
    let noted = match tx.query_one_raw(statement(COUNT)).await? {
        Some(row) => Row::with_key(TABLE, "?".to_owned(), &row).unsigned("number")?,
        None => 0,
    };
    let wanted = from - to;
    if noted < wanted {
        missing.push(format!(
            "the audit of {} of the {wanted} catalog revisions from {} to {from}: it was purged, or the database is not the one of then",
            wanted - noted,
            to + 1
        ));
    }
    let mut found = Vec::new();
    for row in tx.query_all_raw(statement(FIRST)).await? {
        let id: i64 = row.try_get("", "id")?;
        let row = Row::with_key(TABLE, id.to_string(), &row);
        match before(&tx, &row, keys).await? {
            Ok(change) => found.push(Stamped { revision: to, change }),
            Err(problem) => missing.push(problem),
        }
    }
    tx.rollback().await?;
    Ok(Past { changes: Changes { revision: to, changes: found }, missing })
}

/// What was there before, or why nobody can tell.
async fn before(
    tx: &DatabaseTransaction,
    row: &Row<'_>,
    keys: &Keys,
) -> Result<Result<Change, String>, StoreError> {
    let noun: String = row.get("noun")?;
    let noun = Noun::ALL.into_iter().find(|known| known.as_str() == noun);
    let noun = noun.ok_or_else(|| row.bad("noun", "there is no such noun"))?;
    let name: Name = row.parse("name")?;
    let revision = row.unsigned("revision")?;
    let Some(text) = row.get::<Option<String>>("before")? else {
        return Ok(Ok(Change::Delete(noun, name)));
    };
    let text = open_text(keys, TABLE, "", "before", &text)?;
    let unreadable = |problem: serde_json::Error| {
        format!(
            "{noun} {name} before revision {revision}: this version can not read how it was noted ({problem})"
        )
    };
    fn read<T: DeserializeOwned>(text: &str, change: fn(T) -> Change) -> Result<Change, serde_json::Error> {
        serde_json::from_str(text).map(change)
    }
    let read = match noun {
        Noun::Image => read(&text, Change::Image),
        Noun::Machine => read(&text, Change::Machine),
        Noun::Rule => read(&text, Change::Rule),
        Noun::Template => match serde_json::from_str::<TemplateNote>(&text) {
            Ok(note) => return source(tx, note).await,
            Err(problem) => Err(problem),
        },
    };
    Ok(read.map_err(unreadable))
}

async fn source(tx: &DatabaseTransaction, note: TemplateNote) -> Result<Result<Change, String>, StoreError> {
    let TemplateNote { name, head, labels, sha256, kind } = note;
    Ok(match history::get(tx, &name, head).await? {
        None => Err(format!("revision {head} of template {name}: the history does not have it")),
        Some(stored) if history::sha256(&stored.source) != sha256 => Err(format!(
            "revision {head} of template {name}: the history has another source than the audit noted"
        )),
        Some(stored) => Ok(Change::Template(Template { labels, kind, ..stored })),
    })
}
