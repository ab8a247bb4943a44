//! How data goes to standard output.

use std::io::{self, Write as _};

use clap::ValueEnum;
use serde::Serialize;

use super::failure::{Exit, Failure};
use super::table::Columns;
use crate::manifest;

/// The format of what goes to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// Columns for people; what a compiler prints, for `lint`.
    #[value(alias = "text")]
    Table,
    /// More columns.
    Wide,
    /// A JSON object, or an array of them.
    Json,
    /// A YAML document, or a list of them; `apply -f` and `register -f` read it.
    Yaml,
    /// One NOUN/NAME a line.
    Name,
    /// SARIF 2.1.0, of `lint` only.
    Sarif,
}

/// A format for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Yaml,
    Name,
}

/// Something that scripts can have.
pub(super) trait Record: Serialize {
    /// What `name` prints, such as `image/fcos`.
    fn id(&self) -> String;
}

/// A record that can also be a row of a table.
pub(super) trait Row: Record {
    /// The header of the table.
    const COLUMNS: &'static [&'static str];
    /// What `wide` puts after it.
    const WIDE: &'static [&'static str] = &[];

    /// The cells under COLUMNS and WIDE.
    fn cells(&self) -> Vec<String>;
}

impl Output {
    /// The format for scripts; none where people are to read it.
    pub(super) fn format(self) -> Option<Format> {
        match self {
            Self::Table | Self::Wide | Self::Sarif => None,
            Self::Json => Some(Format::Json),
            Self::Yaml => Some(Format::Yaml),
            Self::Name => Some(Format::Name),
        }
    }
}

/// Prints rows as they come, page by page, in any format.
pub(super) struct Printer {
    output: Output,
    columns: Columns,
    records: Option<Records>,
}

impl Printer {
    pub(super) fn new(output: Output) -> Self {
        Self { output, columns: Columns::default(), records: output.format().map(Records::new) }
    }

    /// Prints the next rows.
    pub(super) fn page<R: Row>(&mut self, rows: &[R]) -> Result<(), Failure> {
        if let Some(records) = &mut self.records {
            return records.page(rows);
        }
        if rows.is_empty() {
            return Ok(());
        }
        let wide = if self.output == Output::Wide { R::WIDE } else { &[] };
        let header = [R::COLUMNS, wide].concat();
        let cells = |row: &R| row.cells().into_iter().take(header.len()).map(dash).collect();
        let text = self.columns.page(&header, rows.iter().map(cells).collect());
        io::stdout().write_all(text.as_bytes())?;
        Ok(())
    }

    /// Ends the list.
    pub(super) fn finish(self) -> Result<(), Failure> {
        self.records.map_or(Ok(()), Records::finish)
    }
}

/// Prints a list of records as they come.
pub(super) struct Records {
    format: Format,
    started: bool,
}

impl Records {
    pub(super) fn new(format: Format) -> Self {
        Self { format, started: false }
    }

    /// Prints the next records.
    pub(super) fn page<R: Record>(&mut self, records: &[R]) -> Result<(), Failure> {
        if records.is_empty() {
            return Ok(());
        }
        let text = match self.format {
            Format::Name => records.iter().map(|record| record.id() + "\n").collect(),
            Format::Yaml => yaml(&records)?,
            Format::Json => self.elements(records)?,
        };
        self.started = true;
        io::stdout().write_all(text.as_bytes())?;
        Ok(())
    }

    /// Ends the list.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let text = match (self.format, self.started) {
            (Format::Json, true) => "\n]\n",
            (Format::Json | Format::Yaml, false) => "[]\n",
            _ => "",
        };
        io::stdout().write_all(text.as_bytes())?;
        Ok(())
    }

    fn elements<R: Record>(&self, records: &[R]) -> Result<String, Failure> {
        let mut text = String::new();
        for (i, record) in records.iter().enumerate() {
            text += if i == 0 && !self.started { "[\n  " } else { ",\n  " };
            text += &json(record)?.replace('\n', "\n  ");
        }
        Ok(text)
    }
}

/// Prints a record that is no list of one.
pub(super) fn record<R: Record>(format: Format, record: &R) -> Result<(), Failure> {
    let text = match format {
        Format::Name => record.id() + "\n",
        Format::Yaml => yaml(record)?,
        Format::Json => json(record)? + "\n",
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// One value as YAML.
pub(super) fn yaml(value: &impl Serialize) -> Result<String, Failure> {
    Ok(manifest::yaml(value)?)
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
