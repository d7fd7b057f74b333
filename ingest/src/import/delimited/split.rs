//! Cells of a record, line by line.

const QUOTE: u8 = b'"';

/// The cells of one record, quotes taken off.
#[derive(Debug, Default)]
pub(super) struct Cells {
    pub(super) text: Vec<u8>,
    ends: Vec<u32>,
}

impl Cells {
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    fn end(&mut self) {
        // A record is bounded well below 4 GiB by the limit of a row.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// Where the cell lies in the text.
    pub(super) fn span(&self, at: usize) -> (u32, u32) {
        let start = at
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or(0);
        (start, self.ends.get(at).copied().unwrap_or(start))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|at| {
            let (start, end) = self.span(at);
            &self.text[start as usize..end as usize]
        })
    }
}

/// Splits the lines of one record into cells.
#[derive(Debug)]
pub(super) struct Splitter {
    delimiter: u8,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// At the start of a cell, where alone a quote opens.
    Start,
    Plain,
    Quoted,
    /// After a quote within quotes: the end, or half of a doubled one.
    Closing,
}

impl Splitter {
    pub(super) fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            state: State::Start,
        }
    }

    pub(super) fn begin(&mut self) {
        self.state = State::Start;
    }

    /// Takes one line with its break; true when the record ends with it.
    pub(super) fn feed(&mut self, line: &[u8], cells: &mut Cells) -> bool {
        let body = super::without_break(line);
        let mut rest = body;
        while let Some((&byte, tail)) = rest.split_first() {
            rest = match self.state {
                State::Start if byte == QUOTE => {
                    self.state = State::Quoted;
                    tail
                }
                State::Closing if byte == QUOTE => {
                    cells.text.push(QUOTE);
                    self.state = State::Quoted;
                    tail
                }
                State::Start | State::Plain | State::Closing => self.plain(rest, cells),
                State::Quoted => self.quoted(rest, cells),
            };
        }
        if self.state == State::Quoted {
            cells.text.extend_from_slice(&line[body.len()..]);
            return false;
        }
        cells.end();
        self.state = State::Start;
        true
    }

    fn plain<'a>(&mut self, rest: &'a [u8], cells: &mut Cells) -> &'a [u8] {
        let len = rest.iter().position(|byte| *byte == self.delimiter);
        cells.text.extend_from_slice(&rest[..len.unwrap_or(rest.len())]);
        match len {
            Some(len) => {
                cells.end();
                self.state = State::Start;
                &rest[len + 1..]
            }
            None => {
                self.state = State::Plain;
                &[]
            }
        }
    }

    fn quoted<'a>(&mut self, rest: &'a [u8], cells: &mut Cells) -> &'a [u8] {
        let len = rest.iter().position(|byte| *byte == QUOTE);
        cells.text.extend_from_slice(&rest[..len.unwrap_or(rest.len())]);
        match len {
            Some(len) => {
                self.state = State::Closing;
                &rest[len + 1..]
            }
            None => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(text: &str) -> Vec<Vec<String>> {
        let mut splitter = Splitter::new(b',');
        let mut records = Vec::new();
        let mut cells = Cells::default();
        splitter.begin();
        for line in text.split_inclusive('\n') {
            if cells.len() == 0
                && cells.text.is_empty()
                && splitter.state == State::Start
                && line.trim_end_matches(['\r', '\n']).is_empty()
            {
                continue;
            }
            if splitter.feed(line.as_bytes(), &mut cells) {
                records.push(
                    cells
                        .iter()
                        .map(|cell| String::from_utf8_lossy(cell).into_owned())
                        .collect(),
                );
                cells.clear();
            }
        }
        records
    }

    #[test]
    fn quotes_protect_delimiters_breaks_and_quotes() {
        assert_eq!(split("a,\"b,\"\"c\"\"\r\nd\",\n"), [["a", "b,\"c\"\r\nd", ""]]);
        assert_eq!(split("5\" pipe,x\ny,\"q\"z"), [["5\" pipe", "x"], ["y", "qz"]]);
        assert_eq!(split("only\r\n,\n"), vec![vec!["only"], vec!["", ""]]);
    }

    proptest! {
        #[test]
        fn records_are_those_of_the_csv_crate(text in r#"([a-c,"é]|\n|\r\n|","|"\n"){0,40}"#) {
            // An open quote is refused here, and ended by the end of the file there.
            prop_assume!(text.matches('"').count() % 2 == 0);
            let mut oracle = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let expected: Vec<Vec<String>> =
                oracle.records().map(|record| record.expect("text").iter().map(str::to_owned).collect()).collect();
            let got = split(&text);
            let complete = got.len().min(expected.len());
            prop_assert_eq!(&got[..complete], &expected[..complete]);
            prop_assert!(expected.len() - complete <= 1);
        }
    }
}
