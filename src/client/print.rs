//! How data goes to standard output.

use std::io::{self, Write as _};

use clap::ValueEnum;
use serde::Serialize;

use super::failure::{Exit, Failure};
use super::table::Columns;

/// The format of data on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// Columns for people.
    Table,
    /// More columns.
    Wide,
    /// A JSON object, or an array of them.
    Json,
    /// A YAML document, or a list of them; `register -f` reads it.
    Yaml,
    /// One NOUN/NAME a line.
    Name,
}

/// Something that can be a row of a table and an element of a list.
pub(super) trait Row: Serialize {
    /// The header of the table.
    const COLUMNS: &'static [&'static str];
    /// What `wide` puts after it.
    const WIDE: &'static [&'static str] = &[];

    /// The cells under COLUMNS and WIDE.
    fn cells(&self) -> Vec<String>;

    /// What `name` prints, such as `image/fcos`.
    fn id(&self) -> String;
}

/// Prints rows as they come, page by page.
pub(super) struct Printer {
    output: Output,
    alone: bool,
    started: bool,
    columns: Columns,
}

impl Printer {
    /// Prints a list.
    pub(super) fn list(output: Output) -> Self {
        Self { output, alone: false, started: false, columns: Columns::default() }
    }

    /// Prints the only row that there is, which is then no list of one.
    pub(super) fn one<R: Row>(output: Output, row: &R) -> Result<(), Failure> {
        Self { alone: true, ..Self::list(output) }.page(std::slice::from_ref(row))
    }

    /// Prints the next rows.
    pub(super) fn page<R: Row>(&mut self, rows: &[R]) -> Result<(), Failure> {
        if rows.is_empty() {
            return Ok(());
        }
        let text = match self.output {
            Output::Table => self.columns(R::COLUMNS, rows),
            Output::Wide => self.columns(&[R::COLUMNS, R::WIDE].concat(), rows),
            Output::Name => rows.iter().map(|row| row.id() + "\n").collect(),
            Output::Yaml if self.alone => rows.iter().map(yaml).collect::<Result<_, _>>()?,
            Output::Yaml => yaml(&rows)?,
            Output::Json => self.json(rows)?,
        };
        self.started = true;
        io::stdout().write_all(text.as_bytes())?;
        Ok(())
    }

    /// Ends the list.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let text = match (self.output, self.started) {
            (Output::Json, true) => "\n]\n",
            (Output::Json | Output::Yaml, false) => "[]\n",
            _ => "",
        };
        io::stdout().write_all(text.as_bytes())?;
        Ok(())
    }

    /// Whether anything was printed.
    pub(super) fn started(&self) -> bool {
        self.started
    }

    fn columns<R: Row>(&mut self, header: &[&str], rows: &[R]) -> String {
        let cells = |row: &R| row.cells().into_iter().take(header.len()).map(dash).collect();
        self.columns.page(header, rows.iter().map(cells).collect())
    }

    fn json<R: Row>(&self, rows: &[R]) -> Result<String, Failure> {
        let mut text = String::new();
        for (i, row) in rows.iter().enumerate() {
            if self.alone {
                text += &json(row)?;
                text.push('\n');
            } else {
                text += if i == 0 && !self.started { "[\n  " } else { ",\n  " };
                text += &json(row)?.replace('\n', "\n  ");
            }
        }
        Ok(text)
    }
}

/// One value as YAML.
pub(super) fn yaml(value: &impl Serialize) -> Result<String, Failure> {
    let mut text = serde_saphyr::to_string(value)
        .map_err(|e| Failure::new(Exit::Other, format!("this can not be written as YAML: {e}")))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// One value as JSON, indented, without a line end.
pub(super) fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map_err(|e| Failure::new(Exit::Other, format!("this can not be written as JSON: {e}")))
}

/// An empty cell would make columns ambiguous for `awk`.
fn dash(cell: String) -> String {
    if cell.is_empty() { "-".to_owned() } else { cell }
}
