//! Tables in a plain dump of `pg_dump`: the `COPY … FROM stdin` blocks (PostgreSQL manual, COPY, "Text Format").

use std::collections::BTreeMap;

/// A table of a dump.
#[derive(Debug, Default)]
pub(super) struct Table {
    columns: Vec<String>,
    /// Its rows, each with its line.
    pub(super) rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: usize,
    fields: Vec<Option<String>>,
}

impl Table {
    /// The first of these columns that the table does not have.
    pub(super) fn lacks<'a>(&self, wanted: &[&'a str]) -> Option<&'a str> {
        wanted.iter().copied().find(|name| !self.columns.iter().any(|column| column == name))
    }

    /// A field of a row; none where it is NULL, or where there is no such column.
    pub(super) fn get<'a>(&self, row: &'a Row, column: &str) -> Option<&'a str> {
        let at = self.columns.iter().position(|name| name == column)?;
        row.fields.get(at)?.as_deref()
    }
}

/// The tables by their names without schema.
///
/// # Errors
/// The line, and what is wrong.
pub(super) fn tables(text: &str) -> Result<BTreeMap<String, Table>, (usize, String)> {
    if text.starts_with("PGDMP") {
        return Err((
            0,
            "this is a dump in the custom format; make a plain one: pg_dump --format=plain".into(),
        ));
    }
    let mut tables = BTreeMap::new();
    let mut lines = text.lines().zip(1..);
    while let Some((header, begin)) = lines.next() {
        let Some((name, columns)) = header.strip_prefix("COPY ").and_then(copy_header) else { continue };
        let mut table = Table { columns, rows: Vec::new() };
        loop {
            let Some((line, number)) = lines.next() else {
                return Err((begin, format!("the rows of {name} do not end: is the dump whole?")));
            };
            if line == "\\." {
                break;
            }
            let fields: Vec<_> = line.split('\t').map(unescape).collect();
            if fields.len() != table.columns.len() {
                let what = format!("{} fields, and {name} has {} columns", fields.len(), table.columns.len());
                return Err((number, what));
            }
            table.rows.push(Row { line: number, fields });
        }
        tables.insert(name, table);
    }
    Ok(tables)
}

/// `public.images (id, name) FROM stdin;`
fn copy_header(rest: &str) -> Option<(String, Vec<String>)> {
    let (name, rest) = rest.split_once(" (")?;
    let columns = rest.strip_suffix(") FROM stdin;")?;
    let bare = |word: &str| word.trim().trim_matches('"').to_owned();
    Some((bare(name.rsplit('.').next()?), columns.split(',').map(bare).collect()))
}

fn unescape(field: &str) -> Option<String> {
    if field == "\\N" {
        return None;
    }
    let mut text = String::with_capacity(field.len());
    let mut chars = field.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next()? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\u{b}',
                other => other,
            },
            other => other,
        });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rows_and_what_is_in_them() {
        let text =
            "SET x;\nCOPY public.\"t\" (id, \"a b\") FROM stdin;\n1\t\\N\n2\ta\\tb\\\\c\\n\n\\.\nSELECT 1;\n";
        let tables = tables(text).unwrap();
        let table = &tables["t"];
        let fields = |at: usize| (table.get(&table.rows[at], "id"), table.get(&table.rows[at], "a b"));
        assert_eq!(fields(0), (Some("1"), None));
        assert_eq!(fields(1), (Some("2"), Some("a\tb\\c\n")));
        assert_eq!(table.rows[1].line, 4);
        assert_eq!(table.lacks(&["id", "name"]), Some("name"));
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, line, said) in [
            ("PGDMP\u{1}", 0, "custom format"),
            ("COPY t (a) FROM stdin;\n1\n", 1, "is the dump whole"),
            ("COPY t (a) FROM stdin;\n1\t2\n\\.\n", 2, "2 fields, and t has 1 columns"),
        ] {
            let (at, what) = tables(text).unwrap_err();
            assert_eq!(at, line);
            assert!(what.contains(said), "{what}");
        }
    }
}
