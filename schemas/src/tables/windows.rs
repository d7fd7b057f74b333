//! Rolling windows: as a view over the day rows, and materialised by a job.

use super::ColumnType::{Date, Text};
use super::{Column, Table, TableKind, measures, required};

const KEY: &[&str] = &["rep_id", "window", "as_of", "currency"];

fn columns() -> Vec<Column> {
    vec![
        required("rep_id", Text, "The rep"),
        required(
            "window",
            Text,
            "7d, 28d, 90d: the last days, as_of included; today, wtd, mtd, qtd, htd, ytd: from the start of the period",
        ),
        required("as_of", Date, "Business date at the end of which the window is read"),
        required("currency", Text, "ISO 4217 code"),
    ]
    .into_iter()
    .chain(measures())
    .collect()
}

pub(super) fn stored() -> Vec<Table> {
    let month = required("as_of_month", Text, "Month of as_of, YYYY-MM; partition of the files");
    vec![Table {
        name: "snap_rep_window",
        comment: "agg_rep_window, materialised by a job for each closed day",
        kind: TableKind::Job,
        columns: columns().into_iter().chain([month]).collect(),
        key: KEY,
        partition: Some("as_of_month"),
        order: &["as_of", "rep_id", "window", "currency"],
    }]
}

pub(super) fn views() -> Vec<Table> {
    let team_columns = [required(
        "node_id",
        Text,
        "Node of the organisation: company, site or team",
    )]
    .into_iter()
    .chain(columns().into_iter().filter(|c| c.name != "rep_id"))
    .collect();
    vec![
        Table {
            name: "agg_rep_window",
            comment: "Calendar windows of a rep as of any business date that has begun; a row exists if and only if some measure is not 0",
            kind: TableKind::View,
            columns: columns(),
            key: KEY,
            partition: None,
            order: &[],
        },
        Table {
            name: "agg_team_window",
            comment: "Calendar windows of a node of the organisation; memberships as valid on each day of the window",
            kind: TableKind::View,
            columns: team_columns,
            key: &["node_id", "window", "as_of", "currency"],
            partition: None,
            order: &[],
        },
    ]
}
