//! Hour and day rows: signed increments whose sum over the grain is right at any moment.

use super::ColumnType::{BigInt, Date, Text, Timestamp};
use super::{Column, Table, TableKind, measures, optional, required};

const DAY_KEY: &[&str] = &[
    "business_date",
    "rep_id",
    "site_id",
    "campaign_id",
    "lead_source",
    "product_id",
    "currency",
];
const HOUR_KEY: &[&str] = &[
    "business_date",
    "rep_id",
    "hour_start",
    "local_hour",
    "site_id",
    "campaign_id",
    "lead_source",
    "product_id",
    "currency",
];

fn place() -> Vec<Column> {
    vec![
        required("business_date", Date, "Local day of the site, shift boundary applied"),
        required("rep_id", Text, "The rep"),
        required("site_id", Text, "The site"),
        optional("campaign_id", Text, "Campaign as in the source"),
        optional("lead_source", Text, "Where the lead came from"),
        optional("product_id", Text, "Product as in the source"),
        required(
            "currency",
            Text,
            "ISO 4217 code; amounts of different currencies stand on rows of their own",
        ),
    ]
}

fn hours() -> Vec<Column> {
    vec![
        required("hour_start", Timestamp, "Instant at which the local hour begins; UTC"),
        required("local_hour", BigInt, "Hour of the site's local day, 0 to 23"),
    ]
}

fn team() -> Column {
    optional("team_id", Text, "Team of the rep valid on that date")
}

pub(super) fn stored() -> Vec<Table> {
    vec![
        Table {
            name: "agg_rep_hour",
            comment: "Increments of a rep's local hour; sum them over the grain",
            kind: TableKind::Increments,
            columns: place().into_iter().chain(hours()).chain(measures()).collect(),
            key: HOUR_KEY,
            partition: None,
            order: &["business_date", "rep_id", "hour_start"],
        },
        Table {
            name: "agg_rep_day",
            comment: "Increments of a rep's business date; sum them over the grain. What most dashboards read",
            kind: TableKind::Increments,
            columns: place().into_iter().chain(measures()).collect(),
            key: DAY_KEY,
            partition: None,
            order: &["business_date", "rep_id"],
        },
    ]
}

pub(super) fn views() -> Vec<Table> {
    let view = |name, comment, columns, key| Table {
        name,
        comment,
        kind: TableKind::View,
        columns,
        key,
        partition: None,
        order: &[],
    };
    let node = || required("node_id", Text, "Node of the organisation: company, site or team");
    vec![
        view(
            "agg_rep_hour",
            "Sums of a rep's local hour",
            place()
                .into_iter()
                .chain(hours())
                .chain([team()])
                .chain(measures())
                .collect(),
            HOUR_KEY,
        ),
        view(
            "agg_rep_day",
            "Sums of a rep's business date. What most dashboards read",
            place().into_iter().chain([team()]).chain(measures()).collect(),
            DAY_KEY,
        ),
        view(
            "agg_team_day",
            "Sums of a node of the organisation by business date; memberships as valid on the date",
            vec![
                node(),
                required("business_date", Date, "Local day of the site, shift boundary applied"),
                required("currency", Text, "ISO 4217 code"),
            ]
            .into_iter()
            .chain(measures())
            .collect(),
            &["node_id", "business_date", "currency"],
        ),
    ]
}
