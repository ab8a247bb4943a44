//! Inserting many rows by few statements.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Value};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use super::super::StoreError;
use super::run;

/// The most rows of one statement on SQLite.
const ROWS: usize = 64;

/// A value in a row.
pub(super) enum Cell {
    Text(Option<String>),
    Number(i64),
}

/// The columns of a table, each with its type.
pub(super) type Columns = [(&'static str, &'static str)];

/// Inserts these rows, whose cells are in the order of the columns; `conflict` says what becomes of those that are there.
///
/// Postgres takes them apart from one JSON text. SQLite would parse that again for each column, which costs five times
/// what the insertion itself does, so it gets parameters. Either way there are few texts of statements, which are
/// prepared once.
pub(super) async fn insert(
    tx: &DatabaseTransaction,
    table: &str,
    columns: &Columns,
    mut rows: Vec<Vec<Cell>>,
    conflict: &str,
) -> Result<(), StoreError> {
    let names = |form: &dyn Fn(&str, &str) -> String| {
        columns.iter().map(|(name, ty)| form(name, ty)).collect::<Vec<_>>().join(", ")
    };
    let plain = names(&|name, _| name.to_owned());
    if tx.get_database_backend() == DbBackend::Sqlite {
        let one = format!("({})", names(&|_, _| "?".to_owned()));
        while !rows.is_empty() {
            // Powers of two, for the sake of few statements.
            let count = ROWS.min(1 << rows.len().ilog2());
            let values = vec![one.as_str(); count].join(", ");
            let sql = format!("INSERT INTO {table} ({plain}) VALUES {values} {conflict}");
            run(tx, &sql, rows.drain(..count).flatten().map(Value::from)).await?;
        }
        return Ok(());
    }
    let typed = names(&|name, ty| format!("{name} {ty}"));
    let sql = format!(
        "INSERT INTO {table} ({plain}) SELECT {plain} FROM json_to_recordset($1::json) AS rows({typed}) {conflict}"
    );
    let rows: Vec<_> = rows.iter().map(|cells| Named { columns, cells }).collect();
    let json = serde_json::to_string(&rows).map_err(StoreError::other)?;
    run(tx, &sql, [json.into()]).await?;
    Ok(())
}

/// A row as an object.
struct Named<'a> {
    columns: &'a Columns,
    cells: &'a [Cell],
}

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.cells.len()))?;
        for ((name, _), cell) in self.columns.iter().zip(self.cells) {
            match cell {
                Cell::Text(text) => map.serialize_entry(name, text)?,
                Cell::Number(number) => map.serialize_entry(name, number)?,
            }
        }
        map.end()
    }
}

impl From<Cell> for Value {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Text(text) => text.into(),
            Cell::Number(number) => number.into(),
        }
    }
}

/// The cell of a text that may be missing.
pub(super) fn text(value: Option<impl ToString>) -> Cell {
    Cell::Text(value.map(|value| value.to_string()))
}
