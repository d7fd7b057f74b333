//! `paceline tables` and the `\d` of the prompt: the contract, as it is written in `schemas`.

use paceline_schemas::tables::{self as contract, TableKind};

use crate::cli::{ReportFormat, TablesCommand};
use crate::failure::{Exit, Failure};
use crate::output::{rows, write_out};

pub(super) fn tables(command: &TablesCommand) -> Result<Exit, Failure> {
    match command {
        TablesCommand::List { format } => write_out(&list(*format)?)?,
        TablesCommand::Describe { name, format } => write_out(&describe(name, *format)?)?,
    }
    Ok(Exit::Done)
}

pub(super) fn list(format: ReportFormat) -> Result<Vec<u8>, Failure> {
    let mut names: Vec<&str> = contract::all().iter().map(|table| table.name).collect();
    names.sort_unstable();
    names.dedup();
    let list: Vec<Vec<String>> = names
        .into_iter()
        .filter_map(contract::table)
        .map(|table| {
            vec![
                table.name.to_owned(),
                kind(table.kind).to_owned(),
                table.comment.to_owned(),
            ]
        })
        .collect();
    rows(format, &["table", "kind", "one row is"], &list)
}

pub(super) fn describe(name: &str, format: ReportFormat) -> Result<Vec<u8>, Failure> {
    let bare = name.strip_prefix("stored.");
    let found = bare.map_or_else(|| contract::table(name), contract::stored_table);
    let Some(table) = found else {
        return Err(Failure::new(
            Exit::Usage,
            format!("there is no table `{name}`; `paceline tables list` names them"),
        ));
    };
    let list: Vec<Vec<String>> = table
        .columns
        .iter()
        .map(|column| {
            let key = if table.key.contains(&column.name) { "key" } else { "" };
            let null = if column.nullable { "" } else { "not null" };
            vec![
                column.name.to_owned(),
                column.kind.sql().to_owned(),
                null.to_owned(),
                key.to_owned(),
                column.comment.to_owned(),
            ]
        })
        .collect();
    let mut text = Vec::new();
    if format == ReportFormat::Table {
        text.extend_from_slice(format!("{}: {}\n\n", table.name, table.comment).as_bytes());
    }
    text.extend(rows(format, &["column", "type", "null", "key", "meaning"], &list)?);
    Ok(text)
}

fn kind(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Facts => "facts",
        TableKind::Increments => "increments",
        TableKind::Dimension => "dimension",
        TableKind::Decisions => "decisions",
        TableKind::Job => "job",
        TableKind::Operations => "operations",
        TableKind::View => "view",
    }
}
