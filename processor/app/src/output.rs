//! Standard output and standard error of a person's command: data to the one, everything else to the other.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::cli::ReportFormat;
use crate::failure::{Exit, Failure};

/// Writes to standard output; a reader that has gone away is no failure.
///
/// # Errors
/// The output cannot be written.
pub fn write_out(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::new(
            Exit::Failed,
            format!("failed to write the answer: {error}"),
        )),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Says something to the person, on standard error.
pub fn say(text: &str) {
    let mut err = std::io::stderr().lock();
    let written = writeln!(err, "{text}");
    drop(written);
}

/// A bar over `total` bytes on a terminal, nothing elsewhere.
pub fn progress_bar(total: u64, what: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    let style = ProgressStyle::with_template("{msg} [{bar:30}] {percent}% {bytes}/{total_bytes} {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what.to_owned());
    bar
}

/// Rows of text with a header, in the asked form.
pub fn rows(format: ReportFormat, header: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>, Failure> {
    match format {
        ReportFormat::Table => Ok(table(header, rows).into_bytes()),
        ReportFormat::Csv => Ok(csv(header, rows).into_bytes()),
        ReportFormat::Json => {
            let list: Vec<Value> = rows
                .iter()
                .map(|row| {
                    header
                        .iter()
                        .zip(row)
                        .map(|(k, v)| ((*k).to_owned(), Value::from(v.clone())))
                        .collect()
                })
                .collect();
            Ok(format!("{}\n", Value::Array(list)).into_bytes())
        }
    }
}

fn csv(header: &[&str], rows: &[Vec<String>]) -> String {
    let quote = |cell: &str| {
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    };
    let line = |cells: Vec<String>| format!("{}\n", cells.join(","));
    let head = line(header.iter().map(|cell| quote(cell)).collect());
    rows.iter().fold(head, |text, row| {
        text + &line(row.iter().map(|cell| quote(cell)).collect())
    })
}

fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let wide = |text: &str| text.width();
    let mut widths: Vec<usize> = header.iter().map(|cell| wide(cell)).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(wide(cell));
        }
    }
    let line = |cells: &[&str]| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - wide(cell))));
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut text = line(header);
    text += &line(&rule.iter().map(String::as_str).collect::<Vec<_>>());
    for row in rows {
        text += &line(&row.iter().map(String::as_str).collect::<Vec<_>>());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_align_wide_characters_and_csv_quotes_what_needs_it() {
        let cells = [
            vec!["李雷".to_owned(), "1".to_owned()],
            vec!["a,\"b\"".to_owned(), "22".to_owned()],
        ];
        let text = table(&["rep", "wins"], &cells);
        assert_eq!(text, "rep    wins\n-----  ----\n李雷   1\na,\"b\"  22\n");
        assert_eq!(csv(&["rep", "wins"], &cells), "rep,wins\n李雷,1\n\"a,\"\"b\"\"\",22\n");
    }
}
