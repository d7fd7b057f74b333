//! Aligned columns for the terminal: numbers to the right, wide characters counted as two, control characters made
//! visible. A text of several lines takes as many.

use std::io::{self, Write};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;

use super::cell;

#[derive(Debug)]
pub(super) struct Encoder<W> {
    out: W,
    columns: Vec<Column>,
    rows: usize,
}

#[derive(Debug)]
struct Column {
    title: String,
    is_right: bool,
    width: usize,
    cells: Vec<String>,
}

impl<W: Write> Encoder<W> {
    pub(super) fn new(out: W, schema: &SchemaRef) -> Self {
        let columns = schema.fields().iter().map(|field| {
            let title = visible(field.name()).replace('\n', "\\n");
            let is_right = cell::is_right_aligned(field.data_type());
            Column {
                width: width(&title),
                title,
                is_right,
                cells: Vec::new(),
            }
        });
        Self {
            out,
            columns: columns.collect(),
            rows: 0,
        }
    }

    pub(super) fn write(&mut self, rows: &RecordBatch) -> io::Result<()> {
        let mut text = String::new();
        for (column, values) in self.columns.iter_mut().zip(cell::columns(rows)?) {
            for row in 0..rows.num_rows() {
                let shown = if values.read(row, &mut text)? {
                    visible(&text)
                } else {
                    String::new()
                };
                column.width = shown.lines().map(width).fold(column.width, usize::max);
                column.cells.push(shown);
            }
        }
        self.rows += rows.num_rows();
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.line(|column| &column.title)?;
        for (index, column) in self.columns.iter().enumerate() {
            write!(
                self.out,
                "{}{}",
                if index > 0 { "+" } else { "" },
                "-".repeat(column.width + 2)
            )?;
        }
        writeln!(self.out)?;
        for row in 0..self.rows {
            let cells = self.columns.iter().filter_map(|column| column.cells.get(row));
            let height = cells.map(|cell| cell.lines().count()).max().unwrap_or(0).max(1);
            for line in 0..height {
                self.line(|column| {
                    column
                        .cells
                        .get(row)
                        .and_then(|cell| cell.lines().nth(line))
                        .unwrap_or("")
                })?;
            }
        }
        writeln!(
            self.out,
            "({} {})",
            self.rows,
            if self.rows == 1 { "row" } else { "rows" }
        )?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn line(&mut self, cell: impl Fn(&Column) -> &str) -> io::Result<()> {
        let mut line = String::new();
        for (index, column) in self.columns.iter().enumerate() {
            let text = cell(column);
            let space = " ".repeat(column.width.saturating_sub(width(text)));
            line.push_str(if index > 0 { " | " } else { " " });
            if column.is_right {
                line.extend([&space, text]);
            } else {
                line.extend([text, &space]);
            }
        }
        writeln!(self.out, "{}", line.trim_end())
    }
}

/// An escape sequence that would drive the terminal is shown and not sent.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                c.escape_default().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

/// Columns that a text takes on a terminal.
fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

fn width_of(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036F | 0x200B..=0x200F | 0xFE00..=0xFE0F | 0xFEFF => 0,
        0x1100..=0x115F
        | 0x2E80..=0x303E
        | 0x3041..=0xA4CF
        | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF
        | 0xFE30..=0xFE6F
        | 0xFF00..=0xFF60
        | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1F64F
        | 0x1F900..=0x1F9FF
        | 0x20000..=0x3FFFD => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;
    use crate::encode::{Format, fixture};

    #[test]
    fn columns_are_aligned_whatever_the_script() {
        let text = fixture::text(Format::Table);
        let expected = [
            " rep_id | wins | rate | full  | on         | at                       |  amount",
            "--------+------+------+-------+------------+--------------------------+---------",
            " 李雷   |    3 | 0.25 | true  | 2024-10-04 | 1970-01-01T00:00:00Z     | 1054.00",
            " a,\"b\"  |  -12 |  NaN | false |            | 1970-01-01T00:00:01.500Z |   -0.05",
            "        |    0 |      |       |            |                          |",
            "        |      |  2.0 |       |            |                          |    0.00",
            "(4 rows)\n",
        ];
        let expected = expected.join("\n");
        assert_eq!(text, expected);
    }

    #[test]
    fn wide_characters_count_twice_and_marks_not_at_all() {
        assert_eq!(
            (width("abc"), width("成交率"), width("e\u{301}"), width("ｱ")),
            (3, 6, 1, 1)
        );
        assert_eq!(visible("\u{1b}[31m"), "\\u{1b}[31m");
    }

    #[test]
    fn a_text_of_several_lines_takes_as_many() {
        let plan = StringArray::from(vec!["Scan\n  of a table", "x"]);
        let number = Int64Array::from(vec![1, 2]);
        let rows = RecordBatch::try_from_iter([("n", Arc::new(number) as ArrayRef), ("plan", Arc::new(plan))]);
        let text = String::from_utf8(fixture::encode(Format::Table, &rows.expect("rows"))).expect("UTF-8");
        let expected = [
            " n | plan",
            "---+--------------",
            " 1 | Scan",
            "   |   of a table",
            " 2 | x",
            "(2 rows)\n",
        ];
        assert_eq!(text, expected.join("\n"));
    }
}
