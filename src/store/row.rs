//! Reading one row, with the name of the table, row and column in every error.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use sea_orm::{QueryResult, TryGetable};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::seal::Keys;

/// One row of a query's result.
pub(super) struct Row<'a> {
    table: &'static str,
    key: String,
    row: &'a QueryResult,
    keys: Option<&'a Keys>,
}

impl<'a> Row<'a> {
    /// A row whose primary key is the text in the column `key`.
    pub(super) fn new(
        table: &'static str,
        key: &'static str,
        row: &'a QueryResult,
    ) -> Result<Self, StoreError> {
        let unnamed = Self::with_key(table, "?".to_owned(), row);
        let key = unnamed.get(key)?;
        Ok(Self { key, ..unnamed })
    }

    pub(super) fn with_key(table: &'static str, key: String, row: &'a QueryResult) -> Self {
        Self { table, key, row, keys: None }
    }

    /// The same row, whose sealed values these keys open.
    pub(super) fn opened_by(self, keys: &'a Keys) -> Self {
        Self { keys: Some(keys), ..self }
    }

    /// A value of ours, from JSON that may be sealed.
    pub(super) fn sealed_json<T: DeserializeOwned>(&self, column: &'static str) -> Result<T, StoreError> {
        let text = self.get::<String>(column)?;
        let none = Keys::default();
        let text = open_text(self.keys.unwrap_or(&none), self.table, &self.key, column, &text)?;
        serde_json::from_str(&text).map_err(|e| self.bad(column, e))
    }

    /// A value that the database types.
    pub(super) fn get<T: TryGetable>(&self, column: &str) -> Result<T, StoreError> {
        self.row.try_get_by(column).map_err(|e| self.bad(column, e))
    }

    /// A `BIGINT` that is never negative.
    pub(super) fn unsigned(&self, column: &str) -> Result<u64, StoreError> {
        let number: i64 = self.get(column)?;
        u64::try_from(number).map_err(|_| self.bad(column, format!("{number} is negative")))
    }

    /// An `INTEGER` that is never negative.
    pub(super) fn number(&self, column: &str) -> Result<u32, StoreError> {
        let number: i32 = self.get(column)?;
        u32::try_from(number).map_err(|_| self.bad(column, format!("{number} is negative")))
    }

    /// A value of ours, from its text.
    pub(super) fn parse<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T, StoreError> {
        self.get::<String>(column)?.parse().map_err(|e| self.bad(column, e))
    }

    /// A value of ours, from its text; `None` from NULL.
    pub(super) fn parse_option<T: FromStr<Err: Display>>(
        &self,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        self.get::<Option<String>>(column)?
            .map(|text| text.parse().map_err(|e| self.bad(column, e)))
            .transpose()
    }

    /// A value of ours, from JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, StoreError> {
        serde_json::from_str(&self.get::<String>(column)?).map_err(|e| self.bad(column, e))
    }

    pub(super) fn bad(&self, column: &str, problem: impl Display) -> StoreError {
        StoreError::BadRow {
            table: self.table,
            column: column.to_owned(),
            row: self.key.clone(),
            problem: problem.to_string(),
        }
    }
}

/// A revision or number as the databases keep it: they know no unsigned integers.
pub(super) fn to_column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The text that [`Row::json`] reads.
pub(super) fn to_json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::other)
}

/// The text that [`Row::sealed_json`] reads.
pub(super) fn to_sealed_json<T: Serialize>(
    keys: &Keys,
    table: &'static str,
    key: &str,
    column: &'static str,
    value: &T,
) -> Result<String, StoreError> {
    seal_text(keys, table, key, column, &to_json(value)?)
}

/// Whether there is nothing in a text that anybody could want to hide.
pub(super) fn is_empty(text: &str) -> bool {
    matches!(text, "" | "{}")
}

/// Seals a text for its place in the database.
pub(super) fn seal_text(
    keys: &Keys,
    table: &'static str,
    key: &str,
    column: &'static str,
    text: &str,
) -> Result<String, StoreError> {
    if is_empty(text) {
        return Ok(text.to_owned());
    }
    keys.seal(&place(table, key, column), text)
        .map_err(|_| StoreError::unavailable("there is no randomness to encrypt secrets with"))
}

/// Opens a text that was sealed for its place in the database.
pub(super) fn open_text<'t>(
    keys: &Keys,
    table: &'static str,
    key: &str,
    column: &'static str,
    text: &'t str,
) -> Result<Cow<'t, str>, StoreError> {
    keys.open(&place(table, key, column), text).map_err(|problem| StoreError::BadRow {
        table,
        column: column.to_owned(),
        row: key.to_owned(),
        problem: problem.to_string(),
    })
}

/// Where a text stands, so that one that is sealed can not be put in the place of another.
fn place(table: &str, key: &str, column: &str) -> String {
    format!("{table}/{key}/{column}")
}
