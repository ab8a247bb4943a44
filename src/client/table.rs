//! Tables: columns for people, and the bordered one of the first system.

use comfy_table::{ColumnConstraint, Table, TableStyle, Width};

/// Spaces between columns.
const GAP: u16 = 3;

/// The longest cell of a table; what is longer ends in `…`. The other formats have it whole.
const MAX_CELL: usize = 100;

/// Columns without lines that can be printed page by page: each page is at least as wide as those before it.
#[derive(Default)]
pub(super) struct Columns {
    widths: Vec<u16>,
}

impl Columns {
    /// The next page, with the header on the first one.
    pub(super) fn page(&mut self, header: &[&str], rows: Vec<Vec<String>>) -> String {
        let mut table = Table::new();
        table.load_style(TableStyle::new());
        if self.widths.is_empty() {
            table.add_row(header);
        }
        table.add_rows(rows.into_iter().map(|row| row.into_iter().map(clip).collect::<Vec<_>>()));
        self.widths.resize(header.len(), 0);
        let pages = table.column_max_content_widths();
        for (i, (known, page)) in self.widths.iter_mut().zip(pages).enumerate() {
            *known = page.max(*known);
            if let Some(column) = table.column_mut(i) {
                column.set_padding((0, GAP));
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(*known + GAP)));
            }
        }
        let mut text = table.trim_fmt();
        text.push('\n');
        text
    }
}

/// One line without control characters, of bounded length.
fn clip(cell: String) -> String {
    if cell.chars().count() <= MAX_CELL && !cell.contains(char::is_control) {
        return cell;
    }
    let mut line: String =
        cell.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_CELL).collect();
    if cell.chars().count() > MAX_CELL {
        line.pop();
        line.push('…');
    }
    line
}

/// The table of the first system's client: lines around every cell, the header in the middle of its column.
pub(super) fn bordered(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |i: usize| {
        let cells = rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count());
        cells.chain([header[i].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: Vec<String>| format!("|{}|\n", cells.join("|"));
    let rule = format!("+{}+\n", widths.iter().map(|w| "-".repeat(w + 2)).collect::<Vec<_>>().join("+"));

    let mut text = rule.clone();
    text += &line(header.iter().zip(&widths).map(|(cell, w)| format!(" {cell:^w$} ")).collect());
    text += &rule;
    for row in rows {
        text += &line(row.iter().zip(&widths).map(|(cell, w)| format!(" {cell:<w$} ")).collect());
    }
    text + &rule
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
        cells.map(str::to_owned).to_vec()
    }

    #[test]
    fn later_pages_keep_the_columns_of_earlier_ones() {
        let mut columns = Columns::default();
        let first = columns.page(&["NAME", "IMAGE"], vec![row(["a-long-name", "fcos"]), row(["b", ""])]);
        let second = columns.page(&["NAME", "IMAGE"], vec![row(["c", "debian"])]);
        assert_eq!(first, "NAME          IMAGE\na-long-name   fcos\nb\n");
        assert_eq!(second, "c             debian\n");
    }

    #[test]
    fn a_cell_is_one_line_of_bounded_length() {
        assert_eq!(clip("a\n\u{1b}b".to_owned()), "a  b");
        assert_eq!(clip("ä".repeat(101)).chars().count(), MAX_CELL);
    }

    #[test]
    fn borders_are_those_of_the_first_system() {
        let text = bordered(&["NAME", "KERNEL"], &[row(["f", "http://h/vmlinuz"]), row(["debian", "k"])]);
        insta::assert_snapshot!(text, @r"
        +--------+------------------+
        |  NAME  |      KERNEL      |
        +--------+------------------+
        | f      | http://h/vmlinuz |
        | debian | k                |
        +--------+------------------+
        ");
    }
}
