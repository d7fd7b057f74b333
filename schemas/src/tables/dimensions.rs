//! Who and where: reps and organisation by validity, metrics, and the calendar of each site.

use super::ColumnType::{BigInt, Boolean, Date, Text, Timestamp};
use super::{Column, Table, TableKind, optional, required};

fn dimension(name: &'static str, comment: &'static str, columns: Vec<Column>, key: &'static [&'static str]) -> Table {
    Table {
        name,
        comment,
        kind: TableKind::Dimension,
        columns,
        key,
        partition: None,
        order: key,
    }
}

fn validity() -> [Column; 2] {
    [
        required("valid_from", Date, "First day on which the row holds"),
        optional("valid_to", Date, "Last day on which the row holds; NULL: open"),
    ]
}

fn rep() -> Table {
    let columns = vec![
        required("rep_id", Text, "The rep"),
        optional("display_name", Text, "Name for pages"),
        required("team_id", Text, "Team of the rep"),
        required("site_id", Text, "Site of the rep"),
        optional("manager_id", Text, "Manager of the rep"),
        optional("hired_on", Date, "Tenure starts here"),
        optional("left_on", Date, "Last day at work; NULL: still here"),
        required("role", Text, "seller, closer, setter, lead, manager or other"),
        required("fte_bp", BigInt, "Share of full time in basis points"),
        optional("prior_experience_months", BigInt, "Months of experience before hiring"),
    ];
    let columns = columns.into_iter().chain(validity()).collect();
    dimension(
        "dim_rep",
        "A rep in one validity: team, site, manager, role",
        columns,
        &["rep_id", "valid_from"],
    )
}

fn org() -> Table {
    let columns = vec![
        required("ancestor_id", Text, "Node above, or the node itself"),
        required("descendant_id", Text, "Node, rep or reserve below, or the node itself"),
        required("ancestor_kind", Text, "company, site or team"),
        required("descendant_kind", Text, "company, site, team, rep or reserve"),
        required("depth", BigInt, "Steps between the two; 0 for a node and itself"),
        optional("ancestor_name", Text, "Name of the node above"),
    ];
    let columns = columns.into_iter().chain(validity()).collect();
    let key = &["ancestor_id", "descendant_id", "valid_from"];
    dimension(
        "dim_org",
        "A node and one below it, as long as that holds",
        columns,
        key,
    )
}

fn metric() -> Table {
    let columns = vec![
        required(
            "metric_id",
            Text,
            "Name of the metric: a measure, or <numerator>_per_<denominator>",
        ),
        required("numerator", Text, "Measure above the line"),
        optional("denominator", Text, "Measure below the line; NULL for a volume"),
        required("unit", Text, "count, minor, seconds or ppm"),
        required("direction", Text, "up: more is better; down: less is better; none"),
        required("basis", Text, "restated, booked or neutral"),
        required(
            "min_evidence",
            BigInt,
            "Denominator or count below which no decision is taken",
        ),
        required("maturity_days", BigInt, "Days until the numerator of a day is complete"),
        required(
            "additive",
            Text,
            "both: summed over people and time; none: a rate, whose sides are summed",
        ),
        required("recalibrate", Boolean, "Whether a recalibration may move its targets"),
        optional(
            "pairs_with",
            Text,
            "Metric of value that stands beside an effort; NULL where it stands alone",
        ),
        required("version", BigInt, "Version of the definition"),
        required("name_en", Text, "English name"),
        required("name_zh", Text, "Chinese name"),
        required("definition_en", Text, "English definition"),
        required("definition_zh", Text, "Chinese definition"),
    ];
    dimension("dim_metric", "A metric with its denominator", columns, &["metric_id"])
}

fn calendar() -> Table {
    let columns = vec![
        required("site_id", Text, "The site"),
        required("business_date", Date, "The business date"),
        required("workday", Boolean, "Whether the site works on that date"),
        required(
            "weight_bp",
            BigInt,
            "Weight of the date within its month in basis points; 10,000 is a full workday",
        ),
        required(
            "starts_at",
            Timestamp,
            "Instant at which the business date begins, shift boundary in; UTC",
        ),
        required("ends_at", Timestamp, "Instant at which the business date ends; UTC"),
        required("week_start", Date, "First day of its week"),
        required("month_start", Date, "First day of its month"),
        required("quarter_start", Date, "First day of its fiscal quarter"),
        required("half_start", Date, "First day of its fiscal half"),
        required("year_start", Date, "First day of its fiscal year"),
    ];
    dimension(
        "dim_calendar",
        "A business date of a site",
        columns,
        &["site_id", "business_date"],
    )
}

pub(super) fn stored() -> Vec<Table> {
    vec![rep(), org(), metric(), calendar()]
}
