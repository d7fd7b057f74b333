//! Targets: what was decided in its versions, how proposals ended, and the views of days and sums.

use super::ColumnType::{BigInt, Date, Text, Timestamp};
use super::{Column, Table, TableKind, optional, required};

const TARGET_KEY: &[&str] = &["target_id", "period_start", "version"];

fn decisions(name: &'static str, comment: &'static str, columns: Vec<Column>, key: &'static [&'static str]) -> Table {
    Table {
        name,
        comment,
        kind: TableKind::Decisions,
        columns,
        key,
        partition: None,
        order: key,
    }
}

fn view(name: &'static str, comment: &'static str, columns: Vec<Column>, key: &'static [&'static str]) -> Table {
    Table {
        name,
        comment,
        kind: TableKind::View,
        columns,
        key,
        partition: None,
        order: &[],
    }
}

fn measured() -> [Column; 3] {
    [
        required("metric", Text, "Metric, as metric_id of dim_metric"),
        required("unit", Text, "count, s, ppm for a rate, or minor:<currency>"),
        optional("currency", Text, "ISO 4217 code of money; NULL otherwise"),
    ]
}

fn named() -> Vec<Column> {
    vec![
        required(
            "target_id",
            Text,
            "Row of the grid: node, metric, currency, plan year; of an entered or locked cell its node, metric, currency, period",
        ),
        required("version", BigInt, "Version of the row or cell, from 1"),
        required("node_id", Text, "Node that the target is of"),
        required("node_kind", Text, "rep, reserve, team, site or company"),
        optional("parent_target_id", Text, "Row of the node above"),
        optional("parent_node_id", Text, "Node above"),
    ]
}

fn period() -> Vec<Column> {
    vec![
        required(
            "period_kind",
            Text,
            "month for a month of a row; the period of an entered or locked cell",
        ),
        required("period_start", Date, "First day of the period"),
        required("period_end", Date, "Last day of the period"),
        optional(
            "year_start",
            Date,
            "First day of the plan year; NULL for an entered or locked cell",
        ),
        optional(
            "value",
            BigInt,
            "Target of the whole period in the unit; NULL: no target, as of a floor, a ceiling or a lock taken off",
        ),
        required("valid_from", Date, "First day on which the version counts"),
        optional(
            "kept",
            BigInt,
            "Sum of the day targets before that day; NULL for a rate or a cell",
        ),
        optional(
            "weights",
            Text,
            "Weights of the days from that day on, integers between spaces; NULL for a rate or a cell",
        ),
        optional(
            "denominator_planned",
            BigInt,
            "Denominator that the plan expects in the whole month; of a rate",
        ),
        optional(
            "lock",
            Text,
            "none, entered, value, floor or ceiling; NULL for a month of a row",
        ),
        optional("bound", BigInt, "What the lock holds the cell to, in the unit"),
    ]
}

fn decided() -> Vec<Column> {
    vec![
        optional(
            "method",
            Text,
            "How it came about: plan, import, commit, recalibrate, balance and the like",
        ),
        required("reason_code", Text, "Why it was decided"),
        required("policy_version", Text, "Policy of the time"),
        optional(
            "proposal_id",
            Text,
            "Proposal that it stands or falls with; NULL: it counted at once",
        ),
        required("decided_by", Text, "policy, person or import"),
        optional("decider_id", Text, "The person or the import"),
        required("decided_at", Timestamp, "When it was decided; UTC"),
        optional(
            "effective_at",
            Timestamp,
            "From when on it is active; of a proposal known at its approval; UTC",
        ),
        required("recorded_at", Timestamp, "When the log took it; UTC"),
    ]
}

fn target_columns() -> Vec<Column> {
    [named(), measured().into(), period(), decided()].concat()
}

fn target() -> Table {
    decisions(
        "tgt_target",
        "One version of a month of a target, or of an entered or locked cell of any node; nothing is updated",
        target_columns(),
        TARGET_KEY,
    )
}

fn proposal() -> Table {
    let columns = vec![
        required("proposal_id", Text, "The proposal"),
        required(
            "state",
            Text,
            "incomplete, complete, refused, approved, rejected or withdrawn",
        ),
        optional(
            "refusal",
            Text,
            "sum_mismatch, locked, stale_base or bad_transition; NULL unless refused",
        ),
        required(
            "method",
            Text,
            "How its values came about: plan, import, commit, recalibrate",
        ),
        required("size", BigInt, "Rows that it has"),
        required("received", BigInt, "Rows that are in the log"),
        required("reason_code", Text, "Why it was decided"),
        required("decided_by", Text, "policy, person or import"),
        optional("decider_id", Text, "Who made it"),
        required("decided_at", Timestamp, "When it was made; UTC"),
        required("recorded_at", Timestamp, "When the log took its first event; UTC"),
        optional(
            "authority",
            Text,
            "Whose approval it needs: policy, team, site or company",
        ),
        optional("against", Text, "Row of the reserve that takes the differences"),
        optional("effective_at", Timestamp, "From when on an approved one is active; UTC"),
        optional("ended_by", Text, "Who approved, rejected or withdrew it"),
        optional("ended_at", Timestamp, "When the log took that; UTC"),
        optional("ended_reason", Text, "Why it ended"),
    ];
    decisions(
        "tgt_proposal",
        "Rows that stand or fall together, and how that ended",
        columns,
        &["proposal_id"],
    )
}

pub(super) fn stored() -> Vec<Table> {
    vec![target(), proposal()]
}

fn target_view() -> Table {
    let added = [
        optional(
            "approved_at",
            Timestamp,
            "When the log took its approval; an adjustment's own; UTC",
        ),
        optional(
            "superseded_at",
            Timestamp,
            "When the log took the approval of the next version; NULL: none; UTC",
        ),
        optional(
            "valid_to",
            Date,
            "First day on which it counts no more; NULL: open, or never counted",
        ),
        required(
            "status",
            Text,
            "proposed, approved, active, superseded, rejected, withdrawn, refused or incomplete",
        ),
    ];
    let columns = target_columns().into_iter().chain(added).collect();
    view(
        "tgt_target",
        "One version of a month of a target, or of an entered or locked cell of any node, with its two times",
        columns,
        TARGET_KEY,
    )
}

fn target_day() -> Table {
    let leaf = [
        required("target_id", Text, "Row of the grid"),
        required(
            "version",
            BigInt,
            "Version in force: the newest approved one that counts on the date",
        ),
        required("node_id", Text, "The rep or reserve"),
        required("node_kind", Text, "rep or reserve"),
        optional("parent_node_id", Text, "Node above"),
    ];
    let day = [
        required("business_date", Date, "The date"),
        required("month_start", Date, "First day of its month"),
        required("year_start", Date, "First day of its plan year"),
        optional(
            "phase_weight",
            BigInt,
            "Weight of the date within its month; NULL for a rate",
        ),
        required("value", BigInt, "Target of the date in the unit; of a rate the rate"),
        optional(
            "expected_cumulative",
            BigInt,
            "Target of the month up to the date, that one included; NULL for a rate",
        ),
        optional(
            "denominator_planned",
            BigInt,
            "Date's part of the denominator that the plan expects; of a rate",
        ),
    ];
    view(
        "tgt_target_day",
        "A target of a rep or reserve on one date",
        leaf.into_iter().chain(measured()).chain(day).collect(),
        &["target_id", "business_date"],
    )
}

fn target_sum() -> Table {
    let node = [
        required("node_id", Text, "Node of the organisation, rep or reserve"),
        required("node_kind", Text, "rep, reserve, team, site or company"),
    ];
    let period = [
        required(
            "period_kind",
            Text,
            "day, week cut at month ends, month, quarter, half or year of the plan; of a rate month or longer",
        ),
        required("period_start", Date, "First day"),
        required("period_end", Date, "Last day"),
        optional(
            "value",
            BigInt,
            "Sum of the days; of a rate its mean over the planned denominators",
        ),
        optional(
            "denominator_planned",
            BigInt,
            "Denominator that the plan expects; of a rate",
        ),
    ];
    view(
        "tgt_target_sum",
        "The target of a node and period: the days of the reps and reserves below it, each as long as it was below it",
        node.into_iter().chain(measured()).chain(period).collect(),
        &["node_id", "metric", "currency", "period_kind", "period_start"],
    )
}

pub(super) fn views() -> Vec<Table> {
    vec![target_view(), target_day(), target_sum()]
}
