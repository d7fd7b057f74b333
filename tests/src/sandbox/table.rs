//! The answer to a statement: names of columns and rows of text.

/// Rows of text under named columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The names.
    pub columns: Vec<String>,
    /// The rows, as wide as the names.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads text with commas between its fields and names in its first line.
    ///
    /// # Panics
    /// When the text is no such table.
    #[track_caller]
    pub fn read(text: &str) -> Self {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let fields = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
        let columns = fields(reader.headers().expect("the answer has a header"));
        let rows = reader
            .records()
            .map(|record| fields(&record.expect("the answer is a table")))
            .collect();
        Self { columns, rows }
    }

    /// The only field of the only row.
    ///
    /// # Panics
    /// When there are more or none.
    #[track_caller]
    pub fn value(&self) -> &str {
        match self.rows.as_slice() {
            [row] if row.len() == 1 => &row[0],
            _ => panic!("no single value: {self:?}"),
        }
    }

    /// The only field of the only row as a number.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn number(&self) -> i64 {
        self.value()
            .parse()
            .unwrap_or_else(|error| panic!("`{}`: {error}", self.value()))
    }

    /// The table without these columns.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        let kept: Vec<bool> = self
            .columns
            .iter()
            .map(|column| !names.contains(&column.as_str()))
            .collect();
        let keep = |row: &mut Vec<String>| {
            let mut at = kept.iter();
            row.retain(|_| at.next().copied().unwrap_or(false));
        };
        keep(&mut self.columns);
        self.rows.iter_mut().for_each(keep);
        self
    }

    /// The rows in order.
    #[must_use]
    pub fn sorted(mut self) -> Vec<Vec<String>> {
        self.rows.sort_unstable();
        self.rows
    }
}

/// Asserts that two lists of rows are equal and shows the first rows that only one of them has.
///
/// # Panics
/// When they differ.
#[track_caller]
pub(super) fn assert_same(what: &str, mut found: Vec<Vec<String>>, mut expected: Vec<Vec<String>>) {
    found.sort_unstable();
    expected.sort_unstable();
    if found == expected {
        return;
    }
    let only = |these: &[Vec<String>], those: &[Vec<String>]| {
        let rows = these.iter().filter(|row| those.binary_search(row).is_err());
        rows.take(8)
            .map(|row| format!("  {}\n", row.join(",")))
            .collect::<String>()
    };
    panic!(
        "{what}: {} rows, expected {}\nfound only:\n{}expected only:\n{}",
        found.len(),
        expected.len(),
        only(&found, &expected),
        only(&expected, &found)
    );
}

impl Table {
    /// Asserts that the table has exactly these rows, in any order.
    ///
    /// # Panics
    /// When it has not.
    #[track_caller]
    pub fn assert_rows(self, what: &str, expected: Vec<Vec<String>>) {
        assert_same(what, self.rows, expected);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_left_out_by_name() {
        let table = Table::read("a,b,c\n1,2,3\n\"4,4\",5,6\n").without(&["b"]);
        assert_eq!(table, Table::read("a,c\n1,3\n\"4,4\",6\n"));
    }

    #[test]
    #[should_panic(expected = "expected only:\n  2\n")]
    fn a_missing_row_is_shown() {
        Table::read("a\n1\n").assert_rows("numbers", vec![vec!["1".to_owned()], vec!["2".to_owned()]]);
    }
}
