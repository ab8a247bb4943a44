//! Machines from a list of values separated by commas (RFC 4180), with a first line that names the columns.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use csv::{ReaderBuilder, StringRecord, Trim};
use serde_json::Value;

use super::Import;
use crate::domain::{Kind, Machine, Name, nearest};
use crate::manifest::{Located, Place, Problem};

/// The columns that have one name only.
const COLUMNS: [&str; 6] = ["name", "mac", "uuid", "serial", "hostname", "image"];

/// What a column is about.
#[derive(Clone, Debug, PartialEq)]
enum Column {
    Plain(&'static str),
    Label(String),
    Param(String),
    Template(Kind),
}

/// Reads a list of machines. `path` is for messages.
///
/// # Errors
/// All that is wrong: a list is mended, rather than read in part.
pub fn machines(text: &str, path: &Path) -> Result<Import, Vec<Problem>> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
    let at = |line: u64| Place {
        path: path.to_owned(),
        line: usize::try_from(line).unwrap_or_default(),
        column: 1,
    };
    let broken = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        vec![Problem { place: at(line), what: format!("no list: {}", plain(&error)) }]
    };
    let columns = columns(reader.headers().map_err(broken)?, &at(1))?;
    let (mut import, mut problems) = (Import::default(), Vec::new());
    let mut first: BTreeMap<Name, u64> = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let number = record.position().map_or(0, csv::Position::line);
        let place = at(number);
        match machine(&columns, &record) {
            Ok(machine) => {
                if let Some(line) = first.insert(machine.name.clone(), number) {
                    problems.push(Problem {
                        place: place.clone(),
                        what: format!("machine {} stands in line {line} already", machine.name),
                    });
                }
                import.resources.push(Located { place, source: None, value: machine.into() });
            }
            Err(found) => {
                problems.extend(found.into_iter().map(|what| Problem { place: place.clone(), what }));
            }
        }
    }
    if problems.is_empty() { Ok(import) } else { Err(problems) }
}

fn columns(header: &StringRecord, place: &Place) -> Result<Vec<Column>, Vec<Problem>> {
    let (mut columns, mut problems) = (Vec::new(), Vec::new());
    for text in header {
        match column(text) {
            Ok(column) if columns.contains(&column) => {
                problems.push(format!("the column {text:?} is there twice"));
            }
            Ok(column) => columns.push(column),
            Err(what) => problems.push(what),
        }
    }
    if !columns.contains(&Column::Plain("name")) {
        problems.push("there is no column name; the first line names the columns".to_owned());
    }
    if problems.is_empty() {
        return Ok(columns);
    }
    Err(problems.into_iter().map(|what| Problem { place: place.clone(), what }).collect())
}

fn column(text: &str) -> Result<Column, String> {
    if let Some(plain) = COLUMNS.into_iter().find(|known| *known == text) {
        return Ok(Column::Plain(plain));
    }
    match text.split_once('.') {
        Some(("label", key)) if !key.is_empty() => Ok(Column::Label(key.to_owned())),
        Some(("param", key)) if !key.is_empty() => Ok(Column::Param(key.to_owned())),
        Some(("template", kind)) => {
            kind.parse().map(Column::Template).map_err(|error| format!("the column {text:?}: {error}"))
        }
        _ => {
            let meant =
                nearest(text, COLUMNS).map_or(String::new(), |known| format!("; did you mean {known}?"));
            let known = COLUMNS.join(", ");
            Err(format!(
                "the column {text:?} is unknown{meant} It is one of {known}, label.KEY, param.KEY, template.KIND"
            ))
        }
    }
}

fn machine(columns: &[Column], record: &StringRecord) -> Result<Machine, Vec<String>> {
    let cells = || columns.iter().zip(record).filter(|(_, cell)| !cell.is_empty());
    let name = cells().find(|(column, _)| **column == Column::Plain("name")).map_or("", |(_, cell)| cell);
    let name: Name = match name.parse() {
        Ok(name) => name,
        Err(error) => return Err(vec![format!("name: {error}")]),
    };
    let mut machine = Machine::new(name.clone());
    let mut problems = Vec::new();
    for (column, cell) in cells() {
        if let Err(problem) = set(&mut machine, column, cell) {
            problems.push(format!("machine {name}: {problem}"));
        }
    }
    let violations =
        machine.violations().into_iter().map(|v| format!("machine {name}: {} {}", v.field, v.problem));
    // What is missing because its text was wrong is no problem of its own.
    if problems.is_empty() {
        problems.extend(violations);
    }
    if problems.is_empty() { Ok(machine) } else { Err(problems) }
}

fn set(machine: &mut Machine, column: &Column, cell: &str) -> Result<(), String> {
    fn in_field(field: &'static str) -> impl Fn(&dyn Display) -> String {
        move |error| format!("{field}: {error}")
    }
    match column {
        // Set already.
        Column::Plain("name") => {}
        Column::Plain("mac") => {
            let macs = cell
                .split([' ', ';'])
                .filter(|text| !text.is_empty())
                .map(str::parse)
                .collect::<Result<_, _>>();
            machine.macs = macs.map_err(|e| in_field("mac")(&e))?;
        }
        Column::Plain("uuid") => machine.uuid = Some(cell.parse().map_err(|e| in_field("uuid")(&e))?),
        Column::Plain("serial") => machine.serial = Some(cell.to_owned()),
        Column::Plain("hostname") => machine.hostname = Some(cell.to_owned()),
        Column::Plain(_) => machine.image = Some(cell.parse().map_err(|e| in_field("image")(&e))?),
        Column::Label(key) => {
            machine.labels.insert(key.clone(), cell.to_owned());
        }
        Column::Param(key) => {
            // As `--param` reads it.
            let value = serde_json::from_str(cell).unwrap_or_else(|_| Value::from(cell));
            machine.params.insert(key.clone(), value);
        }
        Column::Template(kind) => {
            let name = cell.parse().map_err(|e| in_field("template")(&e))?;
            machine.templates.insert(*kind, name);
        }
    }
    Ok(())
}

/// The message without the position that we give ourselves.
fn plain(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} values, and there are {expected_len} columns")
        }
        _ => error.to_string(),
    }
}
